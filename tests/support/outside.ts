// What a test may not do itself, done by a process of its own that may start programs.
//
//   outside.ts state PID     prints the open files of a process and its resident bytes
//   outside.ts mkfifo PATH   makes a pipe

const [command, argument] = Deno.args as [string, string];

async function run(program: string, ...args: readonly string[]): Promise<string> {
  const { stdout } = await new Deno.Command(program, { args: [...args] }).output();
  return new TextDecoder().decode(stdout);
}

if (command === "mkfifo") {
  await run("mkfifo", argument);
} else {
  const files = (await run("ls", `/proc/${argument}/fd`)).trim().split("\n").length;
  const status = await run("cat", `/proc/${argument}/status`);
  const bytes = Number(/VmRSS:\s+(\d+)/.exec(status)![1]) * 1024;
  await Deno.stdout.write(new TextEncoder().encode(JSON.stringify({ files, bytes })));
}
