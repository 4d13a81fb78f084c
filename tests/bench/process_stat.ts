/**
 * CPU time and memory of a process, as Linux counts them in /proc.
 *
 * `utime` and `stime` in /proc/PID/stat are sums over all threads, in ticks of 10 ms. Deno lets a
 * program read /proc itself only with `--allow-all`, so `cat` reads it; that takes a few
 * milliseconds at both ends of a measurement of seconds.
 */

const TICKS_PER_SECOND = 100;
const UTIME_FIELD = 14;
const STIME_FIELD = 15;

async function readProc(path: string): Promise<string> {
  const { success, stdout } = await new Deno.Command("cat", {
    args: [path],
    stdin: "null",
    stderr: "null",
  }).output();
  if (!success) throw new Error(`Cannot read ${path}: has the process ended?`);
  return new TextDecoder().decode(stdout);
}

/** User and system time the process has used so far, in seconds. */
export async function readCpuSeconds(pid: number): Promise<number> {
  const stat = await readProc(`/proc/${pid}/stat`);
  // The second field is the command in parentheses and may hold spaces: count from behind it.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const ticks = Number(fields[UTIME_FIELD - 3]) + Number(fields[STIME_FIELD - 3]);
  return ticks / TICKS_PER_SECOND;
}

/** Resident memory of the process, in bytes. */
export async function readResidentBytes(pid: number): Promise<number> {
  const status = await readProc(`/proc/${pid}/status`);
  const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
  if (kibibytes === undefined) throw new Error(`No VmRSS in /proc/${pid}/status`);
  return Number(kibibytes) * 1024;
}

/** Bytes the process has caused to be written to a disk, in whole pages; NaN where that is not counted. */
export async function readWrittenBytes(pid: number): Promise<number> {
  return Number(/^write_bytes: (\d+)$/m.exec(await readProc(`/proc/${pid}/io`))?.[1] ?? NaN);
}

export async function readCpuModel(): Promise<string> {
  const model = /^model name\s*:\s*(.+)$/m.exec(await readProc("/proc/cpuinfo"))?.[1];
  return model ?? "unknown CPU";
}

/** The cores this process may use, such as [0, 1]. */
export async function readAllowedCores(): Promise<number[]> {
  const status = await readProc("/proc/self/status");
  const list = /^Cpus_allowed_list:\s+(\S+)$/m.exec(status)?.[1] ?? "0";
  const cores: number[] = [];
  for (const range of list.split(",")) {
    const [first, last] = range.split("-").map(Number);
    for (let core = first ?? 0; core <= (last ?? first ?? 0); core++) cores.push(core);
  }
  return cores;
}
