const dayjs = require("dayjs");
dayjs.extend(require("dayjs/plugin/utc"));
dayjs.extend(require("dayjs/plugin/relativeTime"));
dayjs.extend(require("dayjs/plugin/customParseFormat"));
const day = dayjs("2018-08-08T10:20:30");
console.log(day.format("{YYYY} MM-DDTHH:mm:ss SSS [Z] A dddd"), day.add(1, "month").startOf("month").set("month", 1).subtract(2, "year").format("YYYY-MM-DD HH:mm:ss"), day.diff("2018-01-01", "day"), day.isBefore(dayjs("2019-01-01")));
console.log(dayjs.utc("2020-01-01T00:00:00Z").format(), day.from(day.add(3, "day")), dayjs("12-25-1995", "MM-DD-YYYY").format("YYYY/MM/DD"), dayjs("nope").isValid(), dayjs.utc(0).toISOString());
require("dayjs/locale/de");
console.log(day.locale("de").format("dddd, D. MMMM"));
