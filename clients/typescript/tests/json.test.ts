import { describe, expect, test } from "vitest";
import { encodeJson, parseJson, parseJsonText, stringifyJson } from "../src/json.js";

describe("integers of 64 bits", () => {
  test.each(["9223372036854775807", "-9223372036854775808", "18446744073709551615", "9007199254740993"])("%s", (digits) => {
    const value = parseJsonText(`{"deep":[{"n":${digits}}]}`);
    expect(value.deep[0].n).toBe(BigInt(digits));
    expect(stringifyJson(value)).toBe(`{"deep":[{"n":${digits}}]}`);
  });

  test("what a number holds exactly stays one", () => {
    expect(parseJsonText('[9007199254740991, 1234567890123456, 9223372036854775807]')).toEqual([
      9007199254740991, 1234567890123456, 9223372036854775807n,
    ]);
  });

  test("digits that are text or behind a point change nothing", () => {
    expect(parseJsonText('{"card":"41111111111111111111","pi":3.14159265358979323846}')).toEqual({
      card: "41111111111111111111",
      pi: Math.PI,
    });
  });

  test("of two members of one name the last counts, with long integers too", () => {
    expect(parseJsonText('{"a":1,"a":2}')).toEqual({ a: 2 });
    expect(parseJsonText('{"a":1,"a":9223372036854775807}')).toEqual({ a: 9223372036854775807n });
  });
});

test("Unicode survives", () => {
  const value = { "schlüssel": "日本語 🎉 \u0000 \u2028" };
  expect(parseJson(encodeJson(value))).toEqual(value);
});

test("what is not JSON in UTF-8 is a SyntaxError", () => {
  for (const text of ["", "{", "nul", "[1,]", "NaN", "12345678901234567890}"]) {
    expect(() => parseJson(Buffer.from(text))).toThrow(SyntaxError);
  }
  expect(() => parseJson(Buffer.from([0x22, 0xff, 0x22]))).toThrow("not UTF-8");
});

test("a document of deep lists does not end the process", () => {
  const deep = 200;
  expect(stringifyJson(parseJsonText("[".repeat(deep) + "9223372036854775807" + "]".repeat(deep)))).toHaveLength(2 * deep + 19);
  expect(() => stringifyJson(parseJsonText("[".repeat(100_000) + "]".repeat(100_000)))).toThrow(RangeError);
});

describe("what JSON cannot hold is refused by its place", () => {
  const cycle: Record<string, unknown> = {};
  cycle.self = { of: cycle };
  test.each([
    [{ a: { b: Number.NaN } }, "a.b: NaN is not JSON"],
    [[1, Number.POSITIVE_INFINITY], "1: Infinity is not JSON"],
    [{ f: () => 1 }, "f: a function is not JSON"],
    [cycle, "self.of: a cycle is not JSON"],
    [{ m: new Map() }, "m: a Map is not JSON"],
    [{ s: "\ud800" }, "s: a string with half a surrogate pair is not JSON"],
    [Symbol("x"), "a symbol is not JSON"],
    [undefined, "undefined is not JSON"],
  ])("%#", (value, message) => {
    expect(() => encodeJson(value)).toThrow(new TypeError(message));
  });
});

test("what says how it is written is written so", () => {
  const at = new Date(0);
  expect(stringifyJson({ at, gone: undefined, list: [undefined] })).toBe('{"at":"1970-01-01T00:00:00.000Z","list":[null]}');
  const shared = { n: 1n };
  expect(stringifyJson([shared, shared])).toBe('[{"n":1},{"n":1}]');
});
