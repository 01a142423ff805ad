// The event loop's own part: timers in the order of their time, tasks in the order of their making,
// each in a turn of its own so that microtasks run between them. It keeps one timer of the host for
// all of the program's. https://html.spec.whatwg.org/#timers
//
// Where HTML leaves a choice this takes Node's, whose programs print in this order: time is read
// once a turn of the loop, in whole milliseconds, a wait is at least one, and nested timers are not
// slowed down. A turn is: all timers that were due when it began, then all tasks that waited then.

import { host } from "lily:host";
import { report } from "./report.js";

let wakeId = 0;
let armedFor = Infinity; // when the host's timer is due
let armedWeak = false;
let turnTime = -1; // the loop's time in this turn, -1: not read yet
let sequence = 0;
let strongTimers = 0;

// ---- timers: a binary heap by (due, sequence), each knowing its place ----

const heap = [];

function isBefore(a, b) {
  return a.due < b.due || (a.due === b.due && a.sequence < b.sequence);
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
  return { run, weak, due: 0, sequence: 0, at: -1 };
}

/** Starts a timer anew, `ms` from the turn's time. */
export function startTimer(timer, ms) {
  if (timer.at !== -1) take(timer);
  timer.due = now() + (ms >= 1 ? Math.trunc(ms) : 1);
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

// ---- turns ----

function now() {
  if (turnTime === -1) turnTime = Math.trunc(host.monotonic());
  return turnTime;
}

/** A hook of the host begins: time goes on. */
export function newTurn() {
  turnTime = -1;
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
  if (round === null) {
    turnTime = -1;
    round = { until: now(), lastTimer: sequence, tasks: taskCount };
  }
  if (heap.length > 0 && heap[0].due <= round.until && heap[0].sequence <= round.lastTimer) {
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

function endRound() {
  const more = heap.length > 0 && heap[0].due <= round.until && heap[0].sequence <= round.lastTimer;
  if (!more && round.tasks === 0) round = null;
}
