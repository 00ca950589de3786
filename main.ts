#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command, CommanderError } from 'commander';
import { configCheck } from './commands/config-check';
import { type ExamOptions, examList, examOff, examOn, schoolLink } from './commands/exam';
import { feedbackDone, feedbackList, type ListOptions } from './commands/feedback';
import { init } from './commands/init';
import { type MaintenanceOptions, maintenanceEnd, maintenanceList, maintenanceStart } from './commands/maintenance';
import { type PrivacyOptions, privacyReportCommand } from './commands/privacy';
import { ALL_ROLES, readAddress, readRoles, readWorkers, type StartOptions } from './commands/roles';
import { type EndOptions, sessionsEnd, sessionsRefresh } from './commands/sessions-end';
import { type SnmpProbeOptions, snmpProbe } from './commands/snmp-probe';
import { start } from './commands/start';
import { type StatusLinkOptions, statusLink } from './commands/status-link';
import { type StoreOptions, storeExport } from './commands/store-export';
import { storeImport } from './commands/store-import';
import { visitTest } from './commands/visit';
import { type WalledGardenOptions, walledGarden } from './commands/walled-garden';
import { nearest } from './config/nearest';
import { OperatorError } from './core/errors';
import { packageRoot } from './runtime/package-root';

/** 1: the product could not do its work. 2: it was called or configured wrongly. */
const FAILED = 1;
const USAGE = 2;

const demoTown = join(packageRoot, 'config', 'demo.yaml');
const { version } = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as { version: string };

function program(exit: (code: number) => void): Command {
  const stadtfunk = new Command('stadtfunk')
    .description('Free municipal Wi-Fi that a town runs itself: captive portal, RADIUS server, access point health.')
    .version(version)
    .exitOverride()
    .showHelpAfterError('Try: stadtfunk --help');

  stadtfunk
    .command('start', { isDefault: true })
    .description('run portal, RADIUS server and controller (this is what happens without a command)')
    .option('-c, --config <file>', 'configuration of the town; without it the demo town starts', demoTown)
    .option(
      '--roles <names>',
      'only these of portal,radius,controller; other processes on one Redis have the others',
      readRoles,
    )
    .option('--workers <number>', 'so many processes share portal and RADIUS server; needs Redis', readWorkers)
    .option('--ops <address>', 'host:port for metrics and health checks in place of ops.listen', readAddress)
    // What is no command comes here, and there is a better answer to it than "too many arguments".
    .allowExcessArguments()
    .action(async (options: Omit<StartOptions, 'roles'> & Partial<StartOptions>, { args: [word] }: Command) => {
      if (word !== undefined) stadtfunk.error(unknownCommand(word, stadtfunk));
      exit(await start({ roles: ALL_ROLES, ...options }));
    });

  stadtfunk
    .command('init')
    .description('ask six questions and write a configuration with fresh secrets')
    .argument('[file]', 'file to write', 'town.yaml')
    .action(async (file: string) => exit(await init(file, { input: process.stdin, output: process.stdout })));

  stadtfunk
    .command('config')
    .description('work with configuration files')
    .command('check')
    .description('name every mistake in a configuration: where it is, what is wrong, what to do')
    .argument('<file>', 'file to check')
    .action((file: string) => exit(configCheck(file)));

  const sessions = stadtfunk.command('sessions').description('work with the sessions of the running product');
  sessions
    .command('refresh')
    .description('tell the gateways of a site, or one of them, the limits that hold now for each running session')
    .option('-c, --config <file>', 'configuration with which the product runs', demoTown)
    .option('--site <id>', 'all sessions at this site')
    .option('--gateway <id>', 'all sessions at this gateway')
    .action(async (options: EndOptions) => exit(await sessionsRefresh(options)));
  sessions
    .command('end')
    .description('end every session and grant of a site or of a gateway')
    .option('-c, --config <file>', 'configuration with which the product runs', demoTown)
    .option('--site <id>', 'all sessions at this site')
    .option('--gateway <id>', 'all sessions at this gateway')
    .action(async (options: EndOptions) => exit(await sessionsEnd(options)));

  const exam = stadtfunk.command('exam').description('switch the Wi-Fi of a school off for an exam');
  exam
    .command('on')
    .description('nobody is online at the site until then; running sessions end at once')
    .requiredOption('--site <id>', 'the site')
    .requiredOption('--until <time>', 'when the exam ends today, like 12:30')
    .option('-c, --config <file>', 'configuration with which the product runs', demoTown)
    .action(async (options: ExamOptions & { until: string }) => exit(await examOn(options)));
  exam
    .command('off')
    .description('end the exam of a site early')
    .requiredOption('--site <id>', 'the site')
    .option('-c, --config <file>', 'configuration with which the product runs', demoTown)
    .action(async (options: ExamOptions) => exit(await examOff(options)));
  exam
    .command('list')
    .description('show which exams are running')
    .option('-c, --config <file>', 'configuration with which the product runs', demoTown)
    .action(async (options: { config: string }) => exit(await examList(options)));
  stadtfunk
    .command('school')
    .description('what a school does itself')
    .command('link')
    .description('print the address by which the school itself switches exam mode; it is like a key')
    .requiredOption('--site <id>', 'the site; its configuration needs examLink')
    .option('-c, --config <file>', 'configuration with which the product runs', demoTown)
    .action((options: ExamOptions) => exit(schoolLink(options)));

  stadtfunk
    .command('walled-garden')
    .description('list the hosts that each gateway must let visitors reach before they accept the terms')
    .option('-c, --config <file>', 'configuration of the town', demoTown)
    .option('--gateway <id>', 'only this gateway')
    .action((options: WalledGardenOptions) => exit(walledGarden(options)));

  stadtfunk
    .command('snmp')
    .description('ask devices by SNMP')
    .command('probe')
    .description('say what a device answers and which profile fits')
    .argument('<host>', 'address of the device, or id of an access point in the configuration')
    .option('-c, --config <file>', 'configuration of the town, for its access and its profiles')
    .option('--port <number>', 'UDP port of its SNMP agent', Number)
    .option('--community-env <name>', 'environment variable with a v2c community; without it and --config: public')
    .option('--member <name>', 'which access point, if the device is a controller for many')
    .action(async (host: string, options: SnmpProbeOptions) => exit(await snmpProbe(host, options)));

  stadtfunk
    .command('visit')
    .description('be a visitor for a moment')
    .command('test')
    .description('walk a visitor’s whole way through the running product and say where it ends')
    .argument('<gateway>', 'a gateway of kind uspot or coovachilli; this machine must be among its radius.clients')
    .option('-c, --config <file>', 'configuration with which the product runs', demoTown)
    .action(async (gateway: string, options: { config: string }) => exit(await visitTest(gateway, options)));

  const maintenance = stadtfunk.command('maintenance').description('say that somebody works on access points');
  maintenance
    .command('start')
    .description('from now on nobody is alarmed about them, and the time does not count')
    .option('--site <id>', 'all access points of this site')
    .option('--ap <id>', 'this access point and what is reached through it')
    .requiredOption('--until <time>', 'when it ends at the latest, like 14:00 or "2026-12-01 08:00"')
    .option('--reason <text>', 'what is done, as schools read it', 'Wartung')
    .option('-c, --config <file>', 'configuration with which the product runs', demoTown)
    .action(async (options: MaintenanceOptions & { until: string; reason: string }) =>
      exit(await maintenanceStart(options)),
    );
  maintenance
    .command('end')
    .description('the work is done')
    .option('--site <id>', 'at this site')
    .option('--ap <id>', 'on this access point')
    .option('-c, --config <file>', 'configuration with which the product runs', demoTown)
    .action(async (options: MaintenanceOptions) => exit(await maintenanceEnd(options)));
  maintenance
    .command('list')
    .description('show what runs')
    .option('-c, --config <file>', 'configuration with which the product runs', demoTown)
    .action(async (options: { config: string }) => exit(await maintenanceList(options)));
  stadtfunk
    .command('status')
    .description('what everybody may know about a site')
    .command('link')
    .description('print the address of a status page; where it is not public, the address is like a key')
    .requiredOption('--site <id>', 'the site; if its page is not public, its configuration needs statusLink')
    .option('-c, --config <file>', 'configuration with which the product runs', demoTown)
    .action((options: StatusLinkOptions) => exit(statusLink(options)));

  stadtfunk
    .command('privacy')
    .description('what the law wants to know about the data of visitors')
    .command('report')
    .description(
      'print the record of processing activities (Art. 30 GDPR) and the information under Art. 13, as Markdown',
    )
    .option('-c, --config <file>', 'configuration of the town', demoTown)
    .option('--language <language>', 'de, which is the binding one, or en', 'de')
    .action((options: PrivacyOptions) => exit(privacyReportCommand(options)));

  const store = stadtfunk.command('store').description('move what the product keeps, while it rests');
  store
    .command('export')
    .description('write everything that is kept to a file, one record a line')
    .argument('<file>', 'file to write, which must not exist yet; - for standard output')
    .option('-c, --config <file>', 'configuration whose store is read', demoTown)
    .action(async (file: string, options: StoreOptions) => exit(await storeExport(file, options)));
  store
    .command('import')
    .description('fill an empty store with such a file')
    .argument('<file>', 'file to read; - for standard input')
    .option('-c, --config <file>', 'configuration whose store is filled; it needs the key of the former one', demoTown)
    .action(async (file: string, options: StoreOptions) => exit(await storeImport(file, options)));

  const feedback = stadtfunk.command('feedback').description('work with what visitors wrote to the town');
  feedback
    .command('list')
    .description('show what is open, the one due first first; exits with 1 if something is overdue')
    .option('-c, --config <file>', 'configuration with which the product runs', demoTown)
    .option('--all', 'also what is done')
    .option('--json', 'one JSON object a line')
    .action(async (options: ListOptions) => exit(await feedbackList(options)));
  feedback
    .command('done')
    .description('say that an entry was answered; it is deleted 30 days later')
    .argument('<reference>', 'the number that the writer was shown, such as 7K3Q-9MXD')
    .option('-c, --config <file>', 'configuration with which the product runs', demoTown)
    .action(async (reference: string, options: { config: string }) => exit(await feedbackDone(reference, options)));

  return stadtfunk;
}

function unknownCommand(word: string, { commands }: Command): string {
  const meant = nearest(
    word,
    commands.map((command) => command.name()),
  );
  return `error: there is no command "${word}"${meant === undefined ? '' : `; did you mean "${meant}"?`}`;
}

async function main(): Promise<void> {
  try {
    await program((code) => {
      process.exitCode = code;
    }).parseAsync();
  } catch (error) {
    if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : USAGE;
    else if (error instanceof OperatorError) {
      process.stderr.write(`stadtfunk: ${error}\n`);
      process.exitCode = error.code.startsWith('CONFIG_') ? USAGE : FAILED;
    } else throw error;
  }
}

void main();
