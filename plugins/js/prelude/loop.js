// The event loop's own part: timers in the order of their time, tasks in the order of their making,
// each in a turn of its own so that microtasks run between them. It keeps one timer of the host for
// all of the program's. https://html.spec.whatwg.org/#timers
//
// Where HTML leaves a choice this takes Node's, whose programs print in this order: time is in
// whole milliseconds, a wait is at least one, and nested timers are not slowed down. The loop goes
// in rounds: all timers that were due when the round began, then all tasks that waited then.

import { host } from "lily:host";
import { report } from "./report.js";

let wakeId = 0;
let armedFor = Infinity; // when the host's timer is due
let armedWeak = false;
let sequence = 0;
let strongTimers = 0;

// ---- timers: a binary heap, each knowing its place ----

const heap = [];

// Of two that are due in the same millisecond the shorter wait comes first: begun a moment later,
// it would be the first by a finer clock.
function isBefore(a, b) {
  if (a.due !== b.due) return a.due < b.due;
  return a.wait !== b.wait ? a.wait < b.wait : a.sequence < b.sequence;
}

function place(timer, at) {
  heap[at] = timer;
  timer.at = at;
}

function siftUp(timer, at) {
  while (at > 0) {
    const parent = (at - 1) >> 1;
    if (!isBefore(timer, heap[parent])) break;
    place(heap[parent], at);
    at = parent;
  }
  place(timer, at);
}

function siftDown(timer, at) {
  for (;;) {
    let child = 2 * at + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && isBefore(heap[child + 1], heap[child])) child++;
    if (!isBefore(heap[child], timer)) break;
    place(heap[child], at);
    at = child;
  }
  place(timer, at);
}

/** A timer that has not been started. A weak one does not keep the program running. */
export function newTimer(run, weak = false) {
  return { run, weak, due: 0, wait: 0, sequence: 0, at: -1 };
}

/** Starts a timer anew, `ms` from now or from the time given. */
export function startTimer(timer, ms, from = now()) {
  if (timer.at !== -1) take(timer);
  timer.wait = ms >= 1 ? Math.trunc(ms) : 1;
  timer.due = from + timer.wait;
  timer.sequence = ++sequence;
  if (!timer.weak) strongTimers++;
  heap.length++;
  siftUp(timer, heap.length - 1);
  arm();
}

export function stopTimer(timer) {
  if (timer.at === -1) return;
  take(timer);
  arm();
}

/** Weak or not, while it runs too (Timeout.ref and unref of Node). */
export function setWeak(timer, weak) {
  if (timer.at !== -1 && timer.weak !== weak) strongTimers += weak ? -1 : 1;
  timer.weak = weak;
  arm();
}

function take(timer) {
  const { at } = timer;
  timer.at = -1;
  if (!timer.weak) strongTimers--;
  const last = heap[heap.length - 1];
  heap.length--;
  if (last === timer) return;
  if (at > 0 && isBefore(last, heap[(at - 1) >> 1])) siftUp(last, at);
  else siftDown(last, at);
}

// ---- tasks: first come, first served ----

let firstTask = null;
let lastTask = null;
let taskCount = 0;

/** Runs in a turn of its own, after what waits already. The answer can be given to `dropTask`. */
export function queueTask(run) {
  const task = { run, next: null };
  if (lastTask === null) firstTask = task;
  else lastTask.next = task;
  lastTask = task;
  taskCount++;
  arm();
  return task;
}

/** The task will not run; its place in the queue passes without a turn. */
export function dropTask(task) {
  task.run = null;
}

// ---- rounds ----

/** The time that timers go by. */
export function now() {
  return Math.trunc(host.monotonic());
}

// What is left of the present round: timers due by then, and so many tasks.
let round = null;

/** Asks the host to wake the loop when the next thing is due, if it does not do so already. */
function arm() {
  let due = Infinity;
  if (taskCount > 0 || round !== null) due = 0;
  else if (heap.length > 0) due = heap[0].due;
  const weak = strongTimers === 0 && taskCount === 0;
  if (due === armedFor && weak === armedWeak) return;
  if (armedFor !== Infinity) host.stopTimer(wakeId);
  armedFor = due;
  armedWeak = weak;
  if (due === Infinity) return;
  if (wakeId === 0) wakeId = host.id();
  host.startTimer(wakeId, due === 0 ? 0 : Math.max(due - now(), 0), weak);
}

/** The hook `timer`: true when the id was the loop's. */
export function wake(id) {
  if (id !== wakeId) return false;
  armedFor = Infinity;
  const work = next();
  try {
    if (work !== null) work();
  } catch (error) {
    report(error);
  } finally {
    arm();
  }
  return true;
}

/** The next timer or task of the round; a new round when nothing is left of the last. */
function next() {
  if (round === null) round = { until: now(), tasks: taskCount };
  if (isTimerDue()) {
    const timer = heap[0];
    take(timer);
    endRound();
    return timer.run;
  }
  while (round !== null && round.tasks > 0) {
    round.tasks--;
    const { run } = firstTask;
    firstTask = firstTask.next;
    if (firstTask === null) lastTask = null;
    taskCount--;
    endRound();
    if (run !== null) return run;
  }
  round = null;
  return null;
}

// A timer started in the round is due after its beginning: a wait is at least a millisecond.
function isTimerDue() {
  return heap.length > 0 && heap[0].due <= round.until;
}

function endRound() {
  if (!isTimerDue() && round.tasks === 0) round = null;
}
