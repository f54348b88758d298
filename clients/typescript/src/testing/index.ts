// The test kit: handlers and subscribers without a service, and whole tasks with a real one.
export { buildSequenceFor, fakeEvent, makeStep, makeTask, makeTaskRequest, runHandler, type RunInput } from "./fakes.js";
export { TaskerdServer, type TaskerdOptions } from "./taskerd_server.js";
