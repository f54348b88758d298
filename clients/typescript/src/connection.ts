// Channels to the service: addresses, TLS, access token, backoff.
import { readFileSync } from "node:fs";
import { Channel, credentials, Metadata, type ChannelCredentials, type ChannelOptions } from "@grpc/grpc-js";

/** TLS of a connection. Files are PEM; they are read anew for each connection, so that they may be renewed. */
export interface TlsOptions {
  /** Certificates of authorities to trust; without: the system's. */
  caFile?: string | undefined;
  /** The client's own certificate chain, if the service asks for one. */
  certFile?: string | undefined;
  /** Its private key. */
  keyFile?: string | undefined;
  /** The name that the service's certificate is for, if that is not the host of the address. */
  serverName?: string | undefined;
}

/** An access token, or what gives the current one whenever it is needed. */
export type AccessToken = string | (() => string | Promise<string>);

/** How to reach the service. */
export interface ConnectionOptions {
  /** `host:port`, or several, of which another is tried whenever a connection was lost. Default: 127.0.0.1:7420. */
  address?: string | readonly string[] | undefined;
  /** TLS; true: with the system's authorities. Default: none. */
  tls?: boolean | TlsOptions | undefined;
  /** Sent as `authorization: Bearer TOKEN`. */
  token?: AccessToken | undefined;
}

/** Where the service listens unless told otherwise. */
export const DEFAULT_ADDRESS = "127.0.0.1:7420";

const CHANNEL_OPTIONS: ChannelOptions = {
  // Messages are bounded by the service's own limits.
  "grpc.max_receive_message_length": -1,
  "grpc.max_send_message_length": -1,
  // A service that was restarted is found again at once.
  "grpc.initial_reconnect_backoff_ms": 50,
  "grpc.max_reconnect_backoff_ms": 1000,
  // A peer that vanished without a word is noticed by and by; more pings than this a service may take for abuse.
  "grpc.keepalive_time_ms": 360_000,
  "grpc.keepalive_timeout_ms": 20_000,
  // Ours is to say when a call is made again; gRPC would keep a copy of each message for it.
  "grpc.enable_retries": 0,
  "grpc.use_local_subchannel_pool": 1,
};

function channelCredentials(tls: boolean | TlsOptions | undefined): ChannelCredentials {
  if (tls === undefined || tls === false) {
    return credentials.createInsecure();
  }
  const files = tls === true ? {} : tls;
  const read = (file: string | undefined) => (file === undefined ? null : readFileSync(file));
  return credentials.createSsl(read(files.caFile), read(files.keyFile), read(files.certFile));
}

/** The service, at one of its addresses at a time. */
export class Connection {
  readonly #addresses: readonly string[];
  readonly #options: ConnectionOptions;
  #next: number;
  #channel: Channel | undefined;

  constructor(options: ConnectionOptions) {
    const given = options.address ?? DEFAULT_ADDRESS;
    this.#addresses = typeof given === "string" ? given.split(",").map((each) => each.trim()) : given;
    if (this.#addresses.length === 0 || this.#addresses.includes("")) {
      throw new TypeError("address: needs host:port, or several of them");
    }
    this.#options = options;
    // Many clients that start at once spread over the addresses.
    this.#next = Math.floor(Math.random() * this.#addresses.length);
  }

  /** The address in use, or tried next. */
  get address(): string {
    return this.#addresses[this.#next % this.#addresses.length]!;
  }

  /** The channel to `address`, opened when first asked for. Throws if a file of the TLS options cannot be read. */
  get channel(): Channel {
    if (this.#channel === undefined) {
      const tls = this.#options.tls;
      const serverName = typeof tls === "object" ? tls.serverName : undefined;
      this.#channel = new Channel(this.address, channelCredentials(tls), {
        ...CHANNEL_OPTIONS,
        ...(serverName === undefined ? {} : { "grpc.ssl_target_name_override": serverName }),
      });
    }
    return this.#channel;
  }

  /** Whether the token can change while connected. */
  get tokenChanges(): boolean {
    return typeof this.#options.token === "function";
  }

  /** The access token of this moment; empty: none. */
  async token(): Promise<string> {
    const token = this.#options.token;
    return (typeof token === "function" ? await token() : token) ?? "";
  }

  /** The metadata of a call, with the token of this moment. */
  async metadata(): Promise<Metadata> {
    return metadataWith(await this.token());
  }

  /** Gives up the channel, and turns to the next address. */
  rotate(): void {
    this.close();
    this.#next += 1;
  }

  /** Closes the channel. It is opened again when asked for. */
  close(): void {
    this.#channel?.close();
    this.#channel = undefined;
  }
}

/** Metadata that carries a token; none if it is empty. */
export function metadataWith(token: string): Metadata {
  const metadata = new Metadata();
  if (token !== "") {
    metadata.set("authorization", `Bearer ${token}`);
  }
  return metadata;
}

/** Pauses between attempts to connect: jittered, doubling from 50 ms to 5 s. */
export class Backoff {
  static readonly FIRST_MS = 50;
  static readonly MOST_MS = 5000;
  readonly #draw: () => number;
  #next = Backoff.FIRST_MS;

  /** `draw` gives random numbers in [0, 1). */
  constructor(draw: () => number = Math.random) {
    this.#draw = draw;
  }

  /** Milliseconds to wait now: half to all of the current length, which then doubles. */
  nextPauseMs(): number {
    const pause = this.#next * (0.5 + this.#draw() / 2);
    this.#next = Math.min(this.#next * 2, Backoff.MOST_MS);
    return pause;
  }

  /** Starts again with the shortest. */
  reset(): void {
    this.#next = Backoff.FIRST_MS;
  }
}

/** Waits; ends early, without an error, when the signal is aborted. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) {
      return resolve();
    }
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener("abort", done);
  });
}
