// The least that a handler can do.

export default {
  fetch() {
    return new Response("Hello, world!\n");
  },
};
