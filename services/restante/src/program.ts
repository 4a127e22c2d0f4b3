import { defaultText, SETTINGS } from '@restante/runtime';
import { Command, InvalidArgumentError, Option } from 'commander';
import { wholeNumber } from './commands/arguments.js';
import { Server, URL_DEFAULT } from './http/server.js';
import type { Io } from './io.js';
import type { Role } from './parts.js';
import { VERSION } from './version.js';

/** The command line: what there is, what it takes, and help with examples. What a command does stands in `commands/`, loaded when it runs. */

export function createProgram(io: Io, setExitCode: (code: number) => void): Command {
  const program = new Command('restante')
    .description('Mailboxes for the web: durable, ordered, pushed to whoever is listening.')
    .version(VERSION)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
      getOutHelpWidth: () => io.stdout.columns ?? HELP_COLUMNS,
    })
    .showHelpAfterError('(restante help lists the commands, restante help <command> explains one)')
    .addHelpText('after', HELP);
  addStart(program, io, setExitCode);
  for (const role of ROLES) addRole(program, io, setExitCode, role);
  addPublish(program, io);
  addTail(program, io);
  addExport(program, io);
  addImport(program, io);
  addDoctor(program, io, setExitCode);
  addLog(program, io);
  return program;
}

/** Where nobody's terminal says how wide it is. */
const HELP_COLUMNS = 120;

const HELP = `
Begin with:
  restante start                              a server on http://127.0.0.1:8080, data in ./data
  restante tail '/hello/**'                   in a second terminal: see what comes
  restante publish /hello/world '"Hello"'     in a third: drop a message
Many processes instead of one, with a NATS cluster behind them: restante router, restante edge, restante gateway.
In a checkout of the sources say npx restante, after npm ci && npm run build.

A mailbox is a name such as /elections/us-2020/president/ohio. A pattern is a name, or a name that ends
in /* (one more segment) or /** (one or more). Put patterns in quotes: the shell has its own use for *.

A command ends with 0 when all went well, 1 when something failed or the server refused, 2 when arguments or
configuration are wrong, 3 when the server cannot be reached (or, for one that runs a server, its backend), 130 when
Ctrl-C ended it before it was done.`;

function examples(...lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  ${line}`).join('\n')}\n`;
}

function urlOption(io: Io): Option {
  // Read from what the command was given as its environment, so that a test can give it another.
  return new Option('--url <address>', 'the server; also RESTANTE_URL').default(io.env['RESTANTE_URL'] || URL_DEFAULT);
}

/** Flags for settings; the help shows those that matter to the command. */
function addConfigOptions(command: Command, isShown: (flag: string) => boolean = () => true): Command {
  command.option('--config <file>', 'the configuration file; also RESTANTE_CONFIG (default: restante.yaml, if there is one)');
  for (const { flag, schema } of SETTINGS) {
    const text = defaultText(schema);
    const option = new Option(`${flag} <value>`, `${schema.description}${text === undefined ? '' : ` (default: ${text})`}`);
    command.addOption(option.hideHelp(!isShown(flag)));
  }
  return command;
}

const isBackend = (flag: string): boolean => flag === '--backend';

/** The flags of settings that were given, as they were typed. */
function flagsOf(command: Command): ReadonlyMap<string, string> {
  const given = command.opts<Record<string, string | boolean>>();
  const flags = new Map<string, string>();
  for (const option of command.options) {
    const value = given[option.attributeName()];
    if (option.long !== undefined && option.long !== null && typeof value === 'string') flags.set(option.long, value);
  }
  return flags;
}

function addStart(program: Command, io: Io, setExitCode: (code: number) => void): void {
  addConfigOptions(program.command('start'))
    .summary('run a server: everything in one process')
    .description(
      'Runs a server: everything in one process. Settings come from the file, then the environment (RESTANTE_PORT is --port), then ' +
        'flags; the later wins. Without namespaces in a file it is open to everybody on this machine, and to nobody else.',
    )
    .action(async (_options: object, command: Command) => {
      const { startCommand } = await import('./commands/start.js');
      setExitCode(await startCommand(io, command.opts<{ config?: string }>().config, flagsOf(command)));
    })
    .addHelpText(
      'after',
      examples(
        'restante start',
        'restante start --port 0 --backend memory:          any free port, nothing kept',
        'restante start --config /etc/restante.yaml --admin-port 9090',
      ),
    );
}

interface RoleHelp {
  readonly name: Role;
  readonly summary: string;
  readonly does: string;
  /** Flags that it takes, since all have one configuration, and has no use for. */
  readonly idle: readonly string[];
  readonly examples: readonly string[];
}

const LMDB_ONLY = ['--durability', '--reserve-bytes'];
const EDGE_ONLY = ['--heartbeat-ms', '--socket-high-water-bytes', '--ring-bytes'];
const SERVER_ONLY = ['--port', '--cors-origins', '--drain-ms'];
const ROUTER_ONLY = ['--hot-tail-bytes'];

const ROLES: readonly RoleHelp[] = [
  {
    name: 'edge',
    summary: 'run an edge of a cluster: holds the connections of clients',
    does:
      'Runs an edge of a cluster: it holds the connections of clients, and serves every call. Clients may come to any edge, and come back to ' +
      'another; a load balancer needs no stickiness. What it sends comes from a router, so one must run.',
    idle: [...LMDB_ONLY, ...ROUTER_ONLY],
    examples: [
      'restante edge --backend nats://nats-0:4222,nats://nats-1:4222',
      'restante edge --config /etc/restante.yaml --admin-port 9090',
      'restante edge --config /etc/restante.yaml --port 8081 --admin-port 9091     one more on this machine',
    ],
  },
  {
    name: 'router',
    summary: 'run a router of a cluster: brings what is stored to the edges',
    does:
      'Runs a router of a cluster: it follows the logs and brings what is stored to the edges that have readers for it. One router serves ' +
      'each log, and the others stand by: run two or more. It has no port for clients; --admin-port gives it one for health and metrics.',
    idle: [...LMDB_ONLY, ...EDGE_ONLY, ...SERVER_ONLY],
    examples: [
      'restante router --backend nats://nats-0:4222,nats://nats-1:4222',
      'restante router --config /etc/restante.yaml --admin-port 9090',
    ],
  },
  {
    name: 'gateway',
    summary: 'run a gateway of a cluster: takes publishes, holds nothing open',
    does:
      'Runs a gateway of a cluster: it takes publishes and answers plain pages, straight from the log, and holds nothing open: no streams, no ' +
      'WebSockets, no waiting. For backends that publish, apart from the edges that the public reaches. It needs no router.',
    idle: [...LMDB_ONLY, ...EDGE_ONLY, ...ROUTER_ONLY],
    examples: [
      'restante gateway --backend nats://nats-0:4222,nats://nats-1:4222',
      'restante gateway --config /etc/restante.yaml --port 8081 --admin-port 9090',
    ],
  },
];

const IN_A_CLUSTER =
  'Any number may run, all with the same configuration; none has a name or a disk that matters, and any may be killed. Needs a backend on ' +
  'NATS with JetStream, which must be running: a process that cannot reach it ends and says why. SIGTERM drains.';

function addRole(
  program: Command,
  io: Io,
  setExitCode: (code: number) => void,
  { name, summary, does, idle, examples: lines }: RoleHelp,
): void {
  addConfigOptions(program.command(name), (flag) => !idle.includes(flag))
    .summary(summary)
    .description(`${does} ${IN_A_CLUSTER}`)
    .action(async (_options: object, command: Command) => {
      const { startCommand } = await import('./commands/start.js');
      setExitCode(await startCommand(io, command.opts<{ config?: string }>().config, flagsOf(command), name));
    })
    .addHelpText('after', examples(...lines));
}

function addPublish(program: Command, io: Io): void {
  program
    .command('publish <mailbox> [data]')
    .summary('drop a message into a mailbox')
    .description(
      'Drops a message into a mailbox and prints its cursor. Data that is JSON is stored as JSON, other text as text; without data, or with -, it is read from standard input.',
    )
    .option('--id <id>', 'stored once, however often it is sent (1 to 128 visible ASCII characters)')
    .option('--type <content-type>', 'say what the data is, instead of letting the server see')
    .option('--lines', 'every line of standard input is a message; prints a cursor for each')
    .addOption(urlOption(io))
    .action(async (mailbox: string, data: string | undefined, options: { url: string; id?: string; type?: string; lines?: boolean }) => {
      const { publish } = await import('./commands/publish.js');
      await publish(io, new Server(options.url), mailbox, data, options);
    })
    .addHelpText(
      'after',
      examples(
        `restante publish /hello/world '{"text":"Hello"}'`,
        `restante publish /orders/42 '{"state":"paid"}' --id order-42-paid`,
        'restante publish /notes/today - < note.txt',
        'tail -f access.log | restante publish /logs/web --lines',
      ),
    );
}

function addTail(program: Command, io: Io): void {
  program
    .command('tail <pattern...>')
    .summary('print messages as they come')
    .description(
      'Prints messages as they come, one a line: time, mailbox, data. Goes on where it was when the connection breaks. Ctrl-C ends it.',
    )
    .option('--after <cursor>', 'begin after this cursor, or "earliest"; default: now')
    .addOption(new Option('--last <n>', 'begin with the newest n messages').argParser(number).conflicts('after'))
    .addOption(
      new Option('--catch-up <mode>', 'every: all messages; latest: of each mailbox only the newest, then all that come').choices([
        'every',
        'latest',
      ]),
    )
    .option('--json', 'print whole Messages as JSON lines')
    .addOption(urlOption(io))
    .action(
      async (patterns: string[], options: { url: string; after?: string; last?: number; catchUp?: 'every' | 'latest'; json?: boolean }) => {
        const { tail } = await import('./commands/tail.js');
        await tail(io, new Server(options.url), patterns, options);
      },
    )
    .addHelpText(
      'after',
      examples(
        `restante tail '/hello/**'`,
        `restante tail '/elections/**' --catch-up latest      the newest of every mailbox, then live`,
        `restante tail /orders/42 --after earliest --json | jq .data`,
      ),
    );
}

function addExport(program: Command, io: Io): void {
  program
    .command('export <pattern>')
    .summary('write all messages of a pattern as JSON lines')
    .description(
      'Writes all messages of a pattern, up to the newest at the start, as JSON lines to standard output; progress goes to standard error. What import makes of them, it says itself.',
    )
    .option('--after <cursor>', 'begin after this cursor: go on with an export that broke off')
    .addOption(urlOption(io))
    .action(async (pattern: string, options: { url: string; after?: string }) => {
      const { exportMessages } = await import('./commands/export.js');
      await exportMessages(io, new Server(options.url), pattern, options);
    })
    .addHelpText('after', examples(`restante export '/elections/**' > elections.jsonl`, `restante export '/**' | gzip > all.jsonl.gz`));
}

function addImport(program: Command, io: Io): void {
  program
    .command('import <file>')
    .summary('publish the lines of an export')
    .description(
      'Publishes the lines of an export, in batches; positions and times will be new ones. Messages keep their ids, and those without one are ' +
        'given import-<cursor>, made of the cursor that they had. So an import that is repeated within the id window of the server (10 minutes by ' +
        'default) stores nothing twice; after that, go on where it broke off with --from-line. Into the very server that was exported, messages ' +
        'without an id of their own are stored once more. - reads standard input.',
    )
    .addOption(new Option('--from-line <n>', 'leave out the lines before this one').argParser(number))
    .addOption(urlOption(io))
    .action(async (file: string, options: { url: string; fromLine?: number }) => {
      const { importMessages } = await import('./commands/import.js');
      await importMessages(io, new Server(options.url), file, options);
    })
    .addHelpText(
      'after',
      examples('restante import elections.jsonl', `restante export '/**' --url http://a:8080 | restante import - --url http://b:8080`),
    );
}

function addDoctor(program: Command, io: Io, setExitCode: (code: number) => void): void {
  addConfigOptions(program.command('doctor'), isBackend)
    .summary('check configuration, data, disk and server')
    .description(
      'Checks what a server needs, and says what is wrong and how to mend it. Takes all flags of start, and does to the data only what a start does too.',
    )
    .addOption(new Option('--url <address>', 'ask the server at this address; default: the one that the configuration names'))
    .action(async (_options: object, command: Command) => {
      const { doctor } = await import('./commands/doctor.js');
      const { config, url } = command.opts<{ config?: string; url?: string }>();
      setExitCode(await doctor(io, config, flagsOf(command), url ?? (io.env['RESTANTE_URL'] || undefined)));
    })
    .addHelpText('after', examples('restante doctor', 'restante doctor --config /etc/restante.yaml'));
}

function addLog(program: Command, io: Io): void {
  const log = program
    .command('log')
    .summary('decide about the history of logs that were restored or lost')
    .description('Decides about the history of logs that were restored or lost. Data in a folder is looked after while no server runs.')
    .exitOverride();
  addConfigOptions(log.command('adopt [namespace]'), isBackend)
    .summary('take over data that was restored from a backup')
    .description(
      'Says that the data is what there is from now on, after it was restored from a backup: the log of the ' +
        'namespace, or of every one that is configured, gets a new epoch, and readers who have seen more than the backup holds are told that messages are missing, instead of being given others in silence.',
    )
    .action(async (namespace: string | undefined, _options: object, command: Command) => {
      const { adoptLogs } = await import('./commands/log-care.js');
      await adoptLogs({ io, file: command.opts<{ config?: string }>().config, flags: flagsOf(command) }, namespace);
    })
    .addHelpText('after', examples('restante log adopt', 'restante log adopt elections --backend lmdb:/var/lib/restante'));
  addConfigOptions(log.command('recreate <namespace>'), isBackend)
    .summary('begin a new history on NATS, deleting what there is')
    .description(
      "Deletes the namespace's stream on NATS, if there still is one, and makes it anew, empty and as it is configured, under a new epoch: after " +
        'it was lost, or made by somebody else with other settings. Readers are told that messages are missing. Processes may go on running.',
    )
    .option('--yes', 'do it; without it, only says what would be deleted')
    .action(async (namespace: string, _options: object, command: Command) => {
      const { recreateLog } = await import('./commands/log-care.js');
      const { config, yes = false } = command.opts<{ config?: string; yes?: boolean }>();
      await recreateLog({ io, file: config, flags: flagsOf(command) }, namespace, yes);
    })
    .addHelpText('after', examples('restante log recreate elections --config /etc/restante.yaml --yes'));
}

function number(text: string): number {
  try {
    return wholeNumber(text);
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message);
  }
}
