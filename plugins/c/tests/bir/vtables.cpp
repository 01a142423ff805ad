// Virtual methods: called through the vtable, which holds their addresses.
namespace shapes {

class Shape {
  public:
    explicit Shape(int id) : id_(id) {}
    virtual ~Shape();
    virtual double area() const = 0;
    virtual int sides() const { return 0; }
    int id() const;

  private:
    int id_;
};

Shape::~Shape() { id_ = 0; }

int Shape::id() const { return id_; }

class Square final : public Shape {
  public:
    Square(int id, double side);
    double area() const override;
    int sides() const override;
    static int made();

  private:
    double side_;
    static int made_;
};

int Square::made_ = 0;

__attribute__((noinline)) Square::Square(int id, double side) : Shape(id), side_(side) { made_++; }

double Square::area() const { return side_ * side_; }

int Square::sides() const { return 4; }

int Square::made() { return made_; }

} // namespace shapes

double measure(const shapes::Shape &shape) { return shape.area() * shape.sides(); }

int main() {
    shapes::Square square(1, 2.0);
    return static_cast<int>(measure(square)) + square.id() + shapes::Square::made();
}
