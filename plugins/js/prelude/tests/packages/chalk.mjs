import chalk, { Chalk } from "chalk";

const own = new Chalk({ level: 3 });
console.log(own.blue.bgRed.bold("Hello world!"), own.hex("#DEADED").underline("x"), own.red(`a ${own.green("b")} c`), own.rgb(1, 2, 3)("r"));
console.log(chalk.level, chalk.green("plain when stdout is no terminal"));
