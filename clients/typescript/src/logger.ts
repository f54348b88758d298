// Structured logs.

/** Where logs go. Any logger with pino's methods will do: fields first, then the message. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

function line(level: string, fields: object, message: string): void {
  process.stderr.write(`${JSON.stringify({ time: new Date().toISOString(), level, message, ...fields })}\n`);
}

/** A JSON object a line on standard error; debug messages are left out. */
export const jsonLogger: Logger = {
  debug() {},
  info: (fields, message) => line("info", fields, message),
  warn: (fields, message) => line("warn", fields, message),
  error: (fields, message) => line("error", fields, message),
};

/** Says nothing. */
export const silentLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} };
