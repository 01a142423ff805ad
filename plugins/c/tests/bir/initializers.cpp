// What runs before main: constructors of globals, and functions that ask for it.
struct Registry {
    int entries;
    Registry();
    ~Registry();
    bool operator==(const Registry &other) const;
    operator bool() const;
};

int started;

Registry::Registry() : entries(++started) {}
Registry::~Registry() { started--; }
bool Registry::operator==(const Registry &other) const { return entries == other.entries; }
Registry::operator bool() const { return entries > 0; }

Registry registry;

static Registry &lazy() {
    static Registry instance;
    return instance;
}

__attribute__((constructor)) static void begin() { started += 10; }

namespace {
int hidden(int (*callback)(int)) { return callback(3); }
} // namespace

int main() {
    auto add = [](int x) { return x + started; };
    return registry == lazy() ? hidden(add) : 0;
}
