// The walkthrough: each step's first commands, in the order of its Run buttons, and what the real `nats` answers to each.

/** A command: its terminal, its line, its answer, and what a person then types to go on. `REVISION` stands for a number. */
const command = (terminal, line, answer, then = {}) => ({ terminal, line, answer, ...then });

export const STEPS = [
  {
    slug: "prerequisites",
    commands: [
      command("A", "nats account info", /JetStream is not supported in this account/),
      command("A", "nats kv add my-kv", /nats: error: nats: API error: code=503 err_code=10076 description=jetstream not enabled/),
    ],
  },
  {
    slug: "jetstream",
    commands: [
      command("Server", "nats-server -js", /Server is ready/),
      command("A", "nats account info", /Tier: Default:[^]*Streams: 0 of Unlimited/),
    ],
  },
  { slug: "bucket", commands: [command("A", "nats kv add my-kv", /Bucket Name: my-kv[^]*History Kept: 1/)] },
  { slug: "put", commands: [command("A", "nats kv put my-kv Key1 Value1", /\nValue1\n/)] },
  {
    slug: "get",
    commands: [
      command("A", "nats kv get my-kv Key1", /my-kv > Key1 revision: 1 created @ [-\d]+ [:\d]+\n\s*\nValue1\n/),
      command("A", "nats kv get my-kv Key1 --raw", /\nValue1\n/),
    ],
  },
  {
    slug: "delete",
    commands: [
      command("A", "nats kv del my-kv Key1", /\? Delete key my-kv > Key1\?/, { keys: "y", finally: /Delete key my-kv > Key1\? Yes/ }),
      command("A", "nats kv del my-kv NeverPut --force", /./),
    ],
  },
  {
    slug: "create",
    commands: [
      command("A", "nats kv add my-sem", /Bucket Name: my-sem/),
      command("A", "nats kv create my-sem Semaphore1 Value1", /\nValue1\n/),
      command("A", "nats kv create my-sem Semaphore1 Value1", /wrong last sequence: 1: key exists/),
    ],
  },
  {
    slug: "update",
    commands: [
      command("A", "nats kv update my-sem Semaphore1 Value2 REVISION", /\nValue2\n/),
      command("B", "nats kv update my-sem Semaphore1 Value3 REVISION", /wrong last sequence: 2: nats: key revision mismatch/),
    ],
  },
  {
    slug: "watch",
    commands: [
      command("A", "nats kv watch my-kv", /\] DELETE my-kv > Key1\n/),
      command("B", "nats kv put my-kv Key1 Value2", /\nValue2\n/),
    ],
    seen: ["A", /\] PUT my-kv > Key1: Value2/],
    interrupt: "A",
  },
  {
    slug: "cleanup",
    commands: [command("A", "nats kv rm my-kv", /\? Delete bucket my-kv\?/, { keys: "y", finally: /Delete bucket my-kv\? Yes/ })],
  },
];

/** The line without what is only known at run time. */
const known = (line) => line.replace("REVISION", "").trimEnd();

/** Waits for a command's answer, and answers its question. */
async function see(terminal, command, before) {
  await terminal.answers(known(command.line), before, command.answer);
  if (!command.keys) return;
  await terminal.type(command.keys);
  await terminal.press("Enter");
  await terminal.shows(command.finally, known(command.line));
}

/** Does a step by its Run buttons. */
export async function runStep(playground, step) {
  for (const [index, command] of step.commands.entries()) {
    const terminal = playground.terminal(command.terminal);
    const before = await terminal.count(known(command.line));
    await playground.run(index);
    await see(terminal, command, before);
  }
  await finish(playground, step);
}

/** Does a step by typing its commands. */
export async function typeStep(playground, step) {
  for (const command of step.commands) {
    const terminal = playground.terminal(command.terminal);
    if (command.terminal === "Server") await terminal.show().then(() => terminal.press("Control+c"));
    const before = await terminal.count(known(command.line));
    await terminal.enter(command.line.replace("REVISION", "1"));
    await see(terminal, command, before);
  }
  await finish(playground, step);
}

async function finish(playground, step) {
  if (step.seen) await playground.terminal(step.seen[0]).shows(step.seen[1]);
  await playground.stepComplete();
  if (step.interrupt) await playground.terminal(step.interrupt).press("Control+c");
}
