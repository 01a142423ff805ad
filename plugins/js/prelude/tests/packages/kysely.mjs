import { DummyDriver, Kysely, PostgresAdapter, PostgresIntrospector, PostgresQueryCompiler, SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler, sql } from "kysely";

const db = new Kysely({ dialect: { createAdapter: () => new PostgresAdapter(), createDriver: () => new DummyDriver(), createIntrospector: (k) => new PostgresIntrospector(k), createQueryCompiler: () => new PostgresQueryCompiler() } });
const show = (query) => { const { sql: text, parameters } = query.compile(); console.log(text, parameters); };
show(db.selectFrom("person").innerJoin("pet", "pet.owner_id", "person.id").select(["first_name", "pet.name as pet_name"]).where("person.id", "=", 5).where((eb) => eb.or([eb("age", ">", 18), eb("name", "like", "A%")])).orderBy("first_name", "desc").limit(3));
show(db.insertInto("person").values([{ first_name: "A", age: 1 }, { first_name: "B", age: 2 }]).returningAll());
show(db.updateTable("person").set({ age: sql`age + ${1}` }).where("id", "in", [1, 2]));
show(db.deleteFrom("person").where("id", "=", 1));
show(db.schema.createTable("t").addColumn("id", "serial", (c) => c.primaryKey()).addColumn("n", "varchar(255)", (c) => c.notNull()));
console.log(await db.selectFrom("person").selectAll().execute());
const lite = new Kysely({ dialect: { createAdapter: () => new SqliteAdapter(), createDriver: () => new DummyDriver(), createIntrospector: (k) => new SqliteIntrospector(k), createQueryCompiler: () => new SqliteQueryCompiler() } });
show(lite.with("q", (d) => d.selectFrom("a").select("x")).selectFrom("q").select((eb) => eb.fn.count("x").as("n")));
