// Which events are asked for, and from where on.
import { EventFilter } from "../generated/tasker/v1/event.js";
import { SubscribeRequest } from "../generated/tasker/v1/event_service.js";

/** Where to start: with what happens from now on, with the earliest event still kept, or behind a cursor. */
export type Start = "now" | "earliest" | { after: string };

/** Which events, from where on. What is left out matches every event. */
export interface EventQuery {
  /** Names or patterns: `task.completed`, `step.*`. */
  names?: readonly string[] | undefined;
  taskIds?: readonly string[] | undefined;
  namespace?: string | undefined;
  taskName?: string | undefined;
  categories?: readonly string[] | undefined;
  /** Only tasks as urgent as one of these, 0 to 9. */
  priorities?: readonly number[] | undefined;
  /** Only tasks that have all of these labels. */
  tags?: readonly string[] | undefined;
  /** Only events for which this expression holds: `payload.execution_duration > 5`. */
  where?: string | undefined;
  /** Default: `now`. */
  start?: Start | undefined;
}

/** What one consumer of a named subscription asks for. */
export interface ConsumerQuery extends EventQuery {
  /** The subscription's name. It is made if there is none: then `start` and the filter count. */
  subscription: string;
  /** What people are to call this consumer. At most 256 bytes. */
  consumerName?: string | undefined;
  /** How many events it is given ahead, 1 to 10,000. Default: as many as the service thinks fit. */
  unacknowledgedMax?: number | undefined;
}

function filterOf(query: EventQuery): EventFilter {
  return EventFilter.create({
    names: [...(query.names ?? [])],
    taskIds: [...(query.taskIds ?? [])],
    namespace: query.namespace ?? "",
    taskName: query.taskName ?? "",
    categories: [...(query.categories ?? [])],
    priorities: [...(query.priorities ?? [])],
    tags: [...(query.tags ?? [])],
    where: query.where ?? "",
  });
}

function startOf(query: EventQuery, cursor: string | undefined): SubscribeRequest["start"] {
  const start = query.start ?? "now";
  const after = cursor ?? (typeof start === "object" ? start.after : undefined);
  if (after !== undefined) {
    return { $case: "afterCursor", value: after };
  }
  return start === "earliest" ? { $case: "fromEarliest", value: true } : undefined;
}

/** The request for what happens behind `cursor`; undefined: from the query's own start on. */
export function followRequest(query: EventQuery, cursor: string | undefined): SubscribeRequest {
  return SubscribeRequest.create({ filter: filterOf(query), start: startOf(query, cursor) });
}

/** The request of a consumer; `cursor`: where the subscription is to begin should it have to be made again. */
export function consumeRequest(query: ConsumerQuery, cursor: string | undefined): SubscribeRequest {
  const filter = filterOf(query);
  return SubscribeRequest.create({
    // Who asks for nothing in particular takes the filter that the subscription has.
    filter: EventFilter.encode(filter).finish().length === 0 ? undefined : filter,
    start: startOf(query, cursor),
    subscription: query.subscription,
    consumerName: query.consumerName ?? "",
    unacknowledgedMax: query.unacknowledgedMax ?? 0,
  });
}
