// performance: High Resolution Time and User Timing. https://w3c.github.io/hr-time/,
// https://w3c.github.io/user-timing/

import { host } from "lily:host";
import { DOMException } from "./dom_exception.js";
import { EventTarget } from "./event_target.js";
import { inspectAs } from "./inspect_custom.js";
import { structuredClone } from "./structured_clone.js";
import {
  DOMString,
  double,
  illegalConstructor,
  INTERNAL,
  isObject,
  needs,
  shape,
} from "./webidl.js";

// The timeline holds this many entries; later ones are made but not kept (a program may mark in
// each request).
const ENTRIES_MAX = 10_000;

export class PerformanceEntry {
  #fields;
  constructor(token = undefined, name, entryType, startTime, duration) {
    if (token !== INTERNAL) illegalConstructor();
    this.#fields = { name, entryType, startTime, duration };
  }
  get name() {
    return this.#fields.name;
  }
  get entryType() {
    return this.#fields.entryType;
  }
  get startTime() {
    return this.#fields.startTime;
  }
  get duration() {
    return this.#fields.duration;
  }
  toJSON() {
    const { name, entryType, startTime, duration } = this.#fields;
    return {
      name,
      entryType,
      startTime,
      duration,
      ...("detail" in this ? { detail: this.detail } : {}),
    };
  }
}
shape(PerformanceEntry);

export class PerformanceMark extends PerformanceEntry {
  #detail;
  constructor(markName, markOptions = undefined) {
    needs(1, arguments.length, "PerformanceMark");
    const name = DOMString(markName, "PerformanceMark: argument 1");
    const options = asOptions(markOptions, "PerformanceMark: argument 2");
    const startTime =
      options.startTime === undefined
        ? now()
        : double(options.startTime, "PerformanceMark: startTime");
    if (startTime < 0) throw new TypeError("PerformanceMark: startTime must not be negative");
    super(INTERNAL, name, "mark", startTime, 0);
    this.#detail = cloneDetail(options.detail);
  }
  get detail() {
    return this.#detail;
  }
}
shape(PerformanceMark);

export class PerformanceMeasure extends PerformanceEntry {
  #detail;
  constructor(token = undefined, name, startTime, duration, detail) {
    super(token, name, "measure", startTime, duration);
    this.#detail = detail;
  }
  get detail() {
    return this.#detail;
  }
}
shape(PerformanceMeasure);

inspectAs(PerformanceEntry, (entry) => entry.toJSON());

function cloneDetail(detail) {
  return detail === undefined || detail === null ? null : structuredClone(detail);
}

function asOptions(value, where) {
  if (value === undefined || value === null) return {};
  if (!isObject(value)) throw new TypeError(`${where}: not an object`);
  return value;
}

const now = host.monotonic;
let origin = -1; // read late: the clock must not be read while the snapshot is made
let entries = [];

function timeOrigin() {
  if (origin === -1) origin = host.now() - host.monotonic();
  return origin;
}

function keep(entry) {
  if (entries.length < ENTRIES_MAX) entries.push(entry);
  return entry;
}

// The time of a mark's name, or a time itself.
function timeOf(mark, where) {
  if (typeof mark === "number") {
    if (!Number.isFinite(mark)) throw new TypeError(`${where}: not a finite number`);
    if (mark < 0) throw new TypeError(`${where}: a time must not be negative`);
    return mark;
  }
  const name = DOMString(mark, where);
  for (let i = entries.length - 1; i >= 0; i--) {
    if (entries[i].entryType === "mark" && entries[i].name === name) return entries[i].startTime;
  }
  throw new DOMException(`The "${name}" performance mark has not been set`, "SyntaxError");
}

export class Performance extends EventTarget {
  #brand; // each member reads it: that throws for another `this`
  constructor(token = undefined) {
    if (token !== INTERNAL) illegalConstructor();
    super();
  }
  now() {
    this.#brand;
    return now();
  }
  get timeOrigin() {
    this.#brand;
    return timeOrigin();
  }
  mark(markName, markOptions = undefined) {
    this.#brand;
    needs(1, arguments.length, "Performance.mark");
    return keep(new PerformanceMark(markName, markOptions));
  }
  measure(measureName, startOrMeasureOptions = undefined, endMark = undefined) {
    this.#brand;
    needs(1, arguments.length, "Performance.measure");
    const name = DOMString(measureName, "Performance.measure: argument 1");
    const where = "Performance.measure";
    const { start, end, duration, detail } = measureOptions(startOrMeasureOptions, endMark);
    let endTime;
    if (end !== undefined) endTime = timeOf(end, where);
    else if (start !== undefined && duration !== undefined)
      endTime = timeOf(start, where) + double(duration, where);
    else endTime = now();
    let startTime = 0;
    if (start !== undefined) startTime = timeOf(start, where);
    else if (duration !== undefined && end !== undefined)
      startTime = endTime - double(duration, where);
    return keep(
      new PerformanceMeasure(INTERNAL, name, startTime, endTime - startTime, cloneDetail(detail)),
    );
  }
  clearMarks(markName = undefined) {
    this.#brand;
    clear("mark", markName);
  }
  clearMeasures(measureName = undefined) {
    this.#brand;
    clear("measure", measureName);
  }
  getEntries() {
    this.#brand;
    return sorted(() => true);
  }
  getEntriesByType(type) {
    this.#brand;
    needs(1, arguments.length, "Performance.getEntriesByType");
    const text = DOMString(type, "Performance.getEntriesByType: argument 1");
    return sorted((entry) => entry.entryType === text);
  }
  getEntriesByName(name, type = undefined) {
    this.#brand;
    needs(1, arguments.length, "Performance.getEntriesByName");
    const text = DOMString(name, "Performance.getEntriesByName: argument 1");
    return sorted(
      (entry) => entry.name === text && (type === undefined || entry.entryType === `${type}`),
    );
  }
  toJSON() {
    this.#brand;
    return { timeOrigin: timeOrigin() };
  }
}
shape(Performance);
inspectAs(Performance, (value) => ({ timeOrigin: value.timeOrigin }));

function measureOptions(given, endMark) {
  if (!isObject(given)) return { start: given === null ? undefined : given, end: endMark };
  const { start, end, duration, detail } = given;
  const empty =
    start === undefined && end === undefined && duration === undefined && detail === undefined;
  if (empty) return { end: endMark };
  if (endMark !== undefined)
    throw new TypeError("Performance.measure: options and an end mark exclude each other");
  if (start === undefined && end === undefined)
    throw new TypeError("Performance.measure: one of start and end is required");
  if (start !== undefined && end !== undefined && duration !== undefined) {
    throw new TypeError("Performance.measure: start, end and duration cannot all be given");
  }
  return { start, end, duration, detail };
}

function clear(type, name) {
  entries = entries.filter(
    (entry) => entry.entryType !== type || (name !== undefined && entry.name !== `${name}`),
  );
}

function sorted(wanted) {
  return entries.filter(wanted).sort((a, b) => a.startTime - b.startTime);
}

export const performance = new Performance(INTERNAL);
