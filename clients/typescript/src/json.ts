// JSON in UTF-8, in both directions, with integers of 64 bits intact.
//
// The built-in parser and writer do all of it unless a number needs more: an integer that a `number` cannot hold
// exactly arrives as a BigInt, and a BigInt leaves as an integer. What JSON cannot hold is refused, not bent.
import { isUtf8 } from "node:buffer";
import { isInteger, parse as parseLossless, stringify as stringifyLossless } from "lossless-json";

/**
 * Any JSON value, as it was parsed: objects, arrays, strings, numbers, BigInts, booleans, null. Not narrower than
 * `any`, so that `task.context.order.items[0]` needs no casts.
 */
export type JsonValue = any;

// Integers of fewer digits are always exact.
const LONG_DIGITS = /\d{16}/;

function numberFrom(text: string): number | bigint {
  const value = Number(text);
  return Number.isSafeInteger(value) || !isInteger(text) ? value : BigInt(text);
}

/** The value of a payload. Throws a SyntaxError if it is not JSON in UTF-8. */
export function parseJson(payload: Uint8Array): JsonValue {
  const bytes = Buffer.isBuffer(payload) ? payload : Buffer.from(payload.buffer, payload.byteOffset, payload.length);
  if (!isUtf8(bytes)) {
    throw new SyntaxError("the payload is not UTF-8");
  }
  return parseJsonText(bytes.toString("utf8"));
}

/** The value of a text. Throws a SyntaxError if it is not JSON. */
export function parseJsonText(text: string): JsonValue {
  if (!LONG_DIGITS.test(text)) {
    return JSON.parse(text);
  }
  // The built-in parser judges what JSON is; of two members of one name it keeps the last.
  const plain = JSON.parse(text);
  return holdsInexact(plain)
    ? parseLossless(text, undefined, { parseNumber: numberFrom, onDuplicateKey: ({ newValue }) => newValue })
    : plain;
}

// Whether a number may have lost digits.
function holdsInexact(value: unknown): boolean {
  if (typeof value === "number") {
    return Number.isInteger(value) && !Number.isSafeInteger(value);
  }
  if (typeof value !== "object" || value === null) {
    return false;
  }
  return Object.values(value).some(holdsInexact);
}

/**
 * The JSON of a value, in UTF-8. Members that are undefined are left out; `toJSON` is obeyed.
 *
 * Throws a TypeError that names the place of what JSON cannot hold: NaN, infinities, functions, symbols, Maps, Sets,
 * cycles, and strings that are not well-formed Unicode.
 */
export function encodeJson(value: unknown): Buffer {
  return Buffer.from(stringifyJson(value), "utf8");
}

/** The same as a string. */
export function stringifyJson(value: unknown): string {
  const walk: Walk = { open: new Set(), path: [], bigint: false };
  check(value, walk);
  const text = walk.bigint ? stringifyLossless(value) : JSON.stringify(value);
  if (text === undefined) {
    throw new TypeError(`${typeof value} is not JSON`);
  }
  return text;
}

interface Walk {
  /** Objects that contain the value looked at. */
  open: Set<object>;
  /** Names and indices that lead to it. */
  path: (string | number)[];
  /** Whether a BigInt was met. */
  bigint: boolean;
}

function refuse(what: string, walk: Walk): never {
  throw new TypeError(walk.path.length === 0 ? `${what} is not JSON` : `${walk.path.join(".")}: ${what} is not JSON`);
}

function check(value: unknown, walk: Walk): void {
  switch (typeof value) {
    case "string":
      if (!value.isWellFormed()) {
        refuse("a string with half a surrogate pair", walk);
      }
      return;
    case "number":
      if (!Number.isFinite(value)) {
        refuse(String(value), walk);
      }
      return;
    case "bigint":
      walk.bigint = true;
      return;
    case "function":
      return refuse("a function", walk);
    case "symbol":
      return refuse("a symbol", walk);
    case "object":
      if (value !== null) {
        checkObject(value, walk);
      }
      return;
    default:
  }
}

function checkObject(value: object, walk: Walk): void {
  const toJson = (value as { toJSON?: unknown }).toJSON;
  if (typeof toJson === "function") {
    const written: unknown = toJson.call(value, "");
    if (written !== value) {
      return check(written, walk);
    }
  }
  if (value instanceof Map || value instanceof Set) {
    refuse(`a ${value.constructor.name}`, walk);
  }
  if (walk.open.has(value)) {
    refuse("a cycle", walk);
  }
  walk.open.add(value);
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) {
      walk.path.push(index);
      check(value[index], walk);
      walk.path.pop();
    }
  } else {
    for (const key of Object.keys(value)) {
      walk.path.push(key);
      if (!key.isWellFormed()) {
        refuse("a name with half a surrogate pair", walk);
      }
      check((value as Record<string, unknown>)[key], walk);
      walk.path.pop();
    }
  }
  walk.open.delete(value);
}
