// Parses 10 KB of JSON, changes it and writes it again.

const people = Array.from({ length: 54 }, (_, at) => ({
  id: at,
  name: `Person number ${at}`,
  email: `person.${at}@example.com`,
  isActive: at % 3 === 0,
  score: at * 1.25,
  tags: ["one", "two", "three"],
  address: { street: `${at} Long Street`, city: "Springfield" },
}));
const text = JSON.stringify({ at: 0, people });

let count = 0;

export default {
  fetch() {
    const value = JSON.parse(text);
    value.at = count += 1;
    value.people[0].isActive = !value.people[0].isActive;
    return new Response(JSON.stringify(value), { headers: { "content-type": "application/json" } });
  },
};
