// Colours of util.inspect's option `colors`. After Node's lib/internal/util/inspect.js (MIT).

const FOREGROUND = 39;
const BACKGROUND = 49;

export const colors = {
  __proto__: null,
  reset: [0, 0],
  bold: [1, 22],
  dim: [2, 22],
  italic: [3, 23],
  underline: [4, 24],
  blink: [5, 25],
  inverse: [7, 27],
  hidden: [8, 28],
  strikethrough: [9, 29],
  doubleunderline: [21, 24],
  black: [30, FOREGROUND],
  red: [31, FOREGROUND],
  green: [32, FOREGROUND],
  yellow: [33, FOREGROUND],
  blue: [34, FOREGROUND],
  magenta: [35, FOREGROUND],
  cyan: [36, FOREGROUND],
  white: [37, FOREGROUND],
  bgBlack: [40, BACKGROUND],
  bgRed: [41, BACKGROUND],
  bgGreen: [42, BACKGROUND],
  bgYellow: [43, BACKGROUND],
  bgBlue: [44, BACKGROUND],
  bgMagenta: [45, BACKGROUND],
  bgCyan: [46, BACKGROUND],
  bgWhite: [47, BACKGROUND],
  framed: [51, 54],
  overlined: [53, 55],
  gray: [90, FOREGROUND],
  redBright: [91, FOREGROUND],
  greenBright: [92, FOREGROUND],
  yellowBright: [93, FOREGROUND],
  blueBright: [94, FOREGROUND],
  magentaBright: [95, FOREGROUND],
  cyanBright: [96, FOREGROUND],
  whiteBright: [97, FOREGROUND],
  bgGray: [100, BACKGROUND],
  bgRedBright: [101, BACKGROUND],
  bgGreenBright: [102, BACKGROUND],
  bgYellowBright: [103, BACKGROUND],
  bgBlueBright: [104, BACKGROUND],
  bgMagentaBright: [105, BACKGROUND],
  bgCyanBright: [106, BACKGROUND],
  bgWhiteBright: [107, BACKGROUND],
};

const ALIASES = {
  gray: ["grey", "blackBright"],
  bgGray: ["bgGrey", "bgBlackBright"],
  dim: ["faint"],
  strikethrough: ["crossedout", "strikeThrough", "crossedOut"],
  hidden: ["conceal"],
  inverse: ["swapColors", "swapcolors"],
  doubleunderline: ["doubleUnderline"],
};
for (const target of Object.keys(ALIASES)) {
  for (const alias of ALIASES[target]) {
    Object.defineProperty(colors, alias, {
      get() {
        return this[target];
      },
      set(value) {
        this[target] = value;
      },
      configurable: true,
      enumerable: false,
    });
  }
}

export const styles = {
  __proto__: null,
  special: "cyan",
  number: "yellow",
  bigint: "yellow",
  boolean: "yellow",
  undefined: "grey",
  null: "bold",
  string: "green",
  symbol: "green",
  date: "magenta",
  regexp: "red",
  module: "underline",
};

export function withColor(text, style) {
  const color = colors[styles[style]];
  return color === undefined ? text : `\u001b[${color[0]}m${text}\u001b[${color[1]}m`;
}
