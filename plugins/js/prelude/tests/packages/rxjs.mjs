import { BehaviorSubject, catchError, combineLatest, concatMap, debounceTime, delay, filter, firstValueFrom, from, fromEvent, interval, lastValueFrom, map, merge, of, range, scan, switchMap, take, throwError, timer, toArray } from "rxjs";
import { EventEmitter } from "node:events";

range(1, 10).pipe(filter((x) => x % 2 === 1), map((x) => x + x)).subscribe((x) => console.log(x));
console.log(await lastValueFrom(interval(2).pipe(take(3), scan((a, b) => a + b, 0), toArray())));
const subject = new BehaviorSubject(1); subject.subscribe((x) => console.log("s", x)); subject.next(2); subject.complete();
console.log(await firstValueFrom(throwError(() => new Error("bad")).pipe(catchError((error) => of(error.message)))));
console.log(await lastValueFrom(from([3, 1, 2]).pipe(concatMap((x) => of(x).pipe(delay(x))), toArray())));
console.log(await lastValueFrom(combineLatest([of(1), timer(2).pipe(map(() => "t"))])), await lastValueFrom(merge(of("a"), of("b")).pipe(toArray())));
const emitter = new EventEmitter(); const got = firstValueFrom(fromEvent(emitter, "x").pipe(switchMap((v) => from(Promise.resolve(v * 2))))); emitter.emit("x", 21); console.log(await got);
const target = new EventTarget(); const event = firstValueFrom(fromEvent(target, "y").pipe(debounceTime(1))); target.dispatchEvent(new Event("y")); console.log((await event).type);
