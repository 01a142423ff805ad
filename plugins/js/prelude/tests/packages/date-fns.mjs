import { addDays, compareAsc, differenceInCalendarDays, eachDayOfInterval, endOfMonth, format, formatDistance, formatDistanceStrict, formatISO, getISOWeek, isValid, parse, parseISO, sub } from "date-fns";

const day = new Date(2014, 1, 11, 13, 5, 9);
console.log(format(day, "yyyy-MM-dd'T'HH:mm:ss.SSS EEEE, do MMMM h:mm a"), formatISO(day, { representation: "date" }), format(addDays(day, 30), "PPPP"));
console.log([new Date(1995, 6, 2), new Date(1987, 1, 11), new Date(1989, 6, 10)].sort(compareAsc).map((d) => format(d, "yyyy")), differenceInCalendarDays(day, new Date(2014, 0, 1)));
console.log(formatDistance(day, addDays(day, 3), { addSuffix: true }), formatDistanceStrict(day, addDays(day, 100)), getISOWeek(day), format(endOfMonth(day), "d"));
console.log(format(parse("02/11/2014", "MM/dd/yyyy", new Date(0)), "PP"), isValid(parseISO("2014-13-01")), parseISO("2014-02-11T11:30:30Z").toISOString(), eachDayOfInterval({ start: day, end: addDays(day, 2) }).length, format(sub(day, { months: 1, hours: 2 }), "Pp"));
