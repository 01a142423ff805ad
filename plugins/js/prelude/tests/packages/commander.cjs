const { Command } = require("commander");
const program = new Command();
program.name("split").description("splits texts").version("0.8.0");
program.command("split").argument("<text>", "text to split").option("--first", "just the first").option("-s, --separator <char>", "separator", ",")
  .action((text, options) => console.log(text.split(options.separator, options.first ? 1 : undefined), options));
program.parse(["node", "split", "split", "-s", "/", "a/b/c"]);
program.parse(["node", "split", "split", "--first", "x,y"]);
console.log(program.helpInformation());
program.exitOverride().configureOutput({ writeErr: (text) => console.log(text.trim()) });
try { program.parse(["node", "split", "--unknown"]); } catch (error) { console.log(error.code, error.message); }
