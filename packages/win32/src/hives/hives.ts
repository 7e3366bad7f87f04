import type { Host } from "@decant/host";
import type { Process } from "@decant/process";
import { fileTimeFromMs } from "../files/file-time.ts";
import { USER_SID } from "../system/system-table.ts";
import { TIME_ZONES, timeZoneData, zoneOfPlace, zoneRules } from "../text/time-zones.ts";
import { MACHINE_KEYS, USER_KEYS, type DefaultKey, type DefaultValue } from "./default-keys.ts";
import { dwordData, KeyNode, textData, type RegistryBudget } from "./key-node.ts";
import { REG } from "./registry-constants.ts";
import { formatRegFile, parseRegFile } from "./reg-file.ts";

/** Where the registry is kept, on the virtual system drive. */
const STORE = "/Windows/System32/config/registry.reg";
const MACHINE = "HKEY_LOCAL_MACHINE";
const USERS = "HKEY_USERS";
/** Keys that both views of SOFTWARE share ("Registry Keys Affected by WOW64"). */
const SHARED_BY_VIEWS = [
  "Classes",
  "Policies",
  "RegisteredApplications",
  "Microsoft\\COM3",
  "Microsoft\\OLE",
  "Microsoft\\RPC",
  "Microsoft\\SystemCertificates",
  "Microsoft\\EnterpriseCertificates",
  "Microsoft\\Windows\\CurrentVersion\\Policies",
  "Microsoft\\Windows NT\\CurrentVersion\\Fonts",
  "Microsoft\\Windows NT\\CurrentVersion\\FontSubstitutes",
  "Microsoft\\Windows NT\\CurrentVersion\\ProfileList",
  "Microsoft\\Windows NT\\CurrentVersion\\Time Zones",
];
const CLASSES = "SOFTWARE\\Classes";

/** The registries by the host that their system drive belongs to: all processes of a run share one. */
const registries = new WeakMap<Host["systemDrive"], Hives>();

/** The registry that a process sees; what it has changed is kept when it ends. */
export function hivesOf(process: Process): Hives {
  return process.state(Hives, () => {
    const { host } = process;
    let hives = registries.get(host.systemDrive);
    if (hives === undefined) registries.set(host.systemDrive, (hives = new Hives(host)));
    process.onEnd(() => hives.save());
    return hives;
  });
}

/** All keys of a registry. */
export class Hives {
  readonly machine: KeyNode;
  readonly users: KeyNode;
  readonly #host: Host;
  readonly #budget: RegistryBudget = { bytes: 0 };
  #isChanged = false;

  constructor(host: Host) {
    this.#host = host;
    const now = this.now();
    this.machine = new KeyNode("MACHINE", undefined, now, this.#budget);
    this.users = new KeyNode("USER", undefined, now, this.#budget);
    const stored = this.#read();
    if (stored === undefined) this.#fill(now);
    else this.#restore(stored, now);
    this.#addVolatile(now);
    this.#watch();
  }

  get currentUser(): KeyNode {
    return this.create(this.users, USER_SID);
  }

  get classes(): KeyNode {
    return this.create(this.machine, CLASSES);
  }

  /** The time as a FILETIME. */
  now(): bigint {
    return fileTimeFromMs(this.#host.clock.now());
  }

  /** A key below another by its path; made with all between when it is not there. */
  create(from: KeyNode, path: string): KeyNode {
    let node = from;
    for (const name of path.split("\\")) node = node.subkey(name) ?? node.add(name, this.now());
    return node;
  }

  /** Writes what has changed to the system drive, in one step. */
  save(): void {
    if (!this.#isChanged) return;
    this.#isChanged = false;
    const text = formatRegFile([
      [MACHINE, this.machine],
      [USERS, this.users],
    ]);
    const { systemDrive } = this.#host;
    for (const folder of ["/Windows", "/Windows/System32", "/Windows/System32/config"]) makeFolder(systemDrive, folder);
    const file = systemDrive.open(`${STORE}.new`, { write: true, create: true, truncate: true });
    try {
      file.write(new TextEncoder().encode(text), 0);
    } finally {
      file.close();
    }
    systemDrive.rename(`${STORE}.new`, STORE);
  }

  #read(): string | undefined {
    try {
      const { size } = this.#host.systemDrive.stat(STORE);
      const file = this.#host.systemDrive.open(STORE);
      try {
        const bytes = new Uint8Array(size);
        return new TextDecoder().decode(bytes.subarray(0, file.read(bytes, 0)));
      } finally {
        file.close();
      }
    } catch (error) {
      if (error instanceof Error && "code" in error) return undefined;
      throw error;
    }
  }

  #fill(now: bigint): void {
    const addAll = (root: KeyNode, keys: readonly DefaultKey[]): void => {
      for (const [path, values] of keys) {
        const node = this.create(root, path);
        for (const [name, value] of Object.entries(values)) setDefault(node, name, value, now);
      }
    };
    addAll(this.machine, MACHINE_KEYS);
    addAll(this.create(this.users, USER_SID), USER_KEYS);
    for (const user of [".DEFAULT", "S-1-5-18"]) addAll(this.create(this.users, user), USER_KEYS.slice(0, 2));
  }

  #restore(text: string, now: bigint): void {
    for (const { path, className, values } of parseRegFile(text)) {
      const at = path.indexOf("\\");
      const root = path.slice(0, at < 0 ? path.length : at) === MACHINE ? this.machine : this.users;
      const node = at < 0 ? root : this.create(root, path.slice(at + 1));
      node.className = className;
      for (const { name, type, data } of values) node.setValue(name, type, data, now);
    }
  }

  /** What is made anew for each run: the processor, time zones, and keys that are others' by another name. */
  #addVolatile(now: bigint): void {
    const system = this.create(this.machine, "SYSTEM");
    system.link("CurrentControlSet", this.create(system, "ControlSet001"));
    const software = this.create(this.machine, "SOFTWARE");
    const narrow = this.create(software, "Wow6432Node");
    const zones = volatile(this.create(software, "Microsoft\\Windows NT\\CurrentVersion\\Time Zones"));
    zones.fillLater(() => fillTimeZones(zones, now));
    for (const path of SHARED_BY_VIEWS) {
      const at = path.lastIndexOf("\\");
      const parent = at < 0 ? narrow : this.create(narrow, path.slice(0, at));
      parent.link(path.slice(at + 1), this.create(software, path));
    }
    const processors = volatile(this.create(this.machine, "HARDWARE\\DESCRIPTION\\System\\CentralProcessor"));
    for (let i = 0; i < this.#host.cpuCount; i++) {
      const node = processors.subkey(String(i)) ?? processors.add(String(i), now);
      setDefault(node, "~MHz", 2000, now);
      setDefault(node, "Identifier", "Intel64 Family 6 Model 15 Stepping 0", now);
      setDefault(node, "ProcessorNameString", "Decant x86-64-v2", now);
      setDefault(node, "VendorIdentifier", "GenuineIntel", now);
    }
    fillZoneOfHost(volatile(this.create(system, "ControlSet001\\Control\\TimeZoneInformation")), this.#host, now);
  }

  #watch(): void {
    const changed = (): void => void (this.#isChanged = true);
    for (const root of [this.machine, this.users]) root.watchers.add({ filter: 0xf, subtree: true, changed });
  }
}

function volatile(node: KeyNode): KeyNode {
  node.isVolatile = true;
  return node;
}

function setDefault(node: KeyNode, name: string, value: DefaultValue, now: bigint): void {
  if (typeof value === "number") node.setValue(name, REG.DWORD, dwordData(value), now);
  else if (typeof value === "string") node.setValue(name, REG.SZ, textData(value), now);
  else if (value instanceof Uint8Array) node.setValue(name, REG.BINARY, value, now);
  else node.setValue(name, REG.EXPAND_SZ, textData(value.expand), now);
}

function fillTimeZones(zones: KeyNode, now: bigint): void {
  for (const zone of TIME_ZONES) {
    const node = zones.add(zone.name, now);
    node.fillLater(() => {
      setDefault(node, "Display", zone.display, now);
      setDefault(node, "Std", zone.name, now);
      setDefault(node, "Dlt", zone.daylightName, now);
      setDefault(node, "TZI", timeZoneData(zone, new Date(Number(now / 10_000n) - 11_644_473_600_000).getUTCFullYear()), now);
    });
  }
}

function fillZoneOfHost(node: KeyNode, { clock }: Host, now: bigint): void {
  const year = new Date(clock.now()).getUTCFullYear();
  node.fillLater(() => {
    const zone = zoneOfPlace(clock.zone, year);
    const { bias, daylightBias } = zoneRules(zone.place, year);
    const rules = timeZoneData(zone, year);
    setDefault(node, "Bias", bias, now);
    setDefault(node, "ActiveTimeBias", -clock.offsetMinutes(clock.now()), now);
    setDefault(node, "StandardBias", 0, now);
    setDefault(node, "DaylightBias", daylightBias, now);
    setDefault(node, "StandardName", zone.name, now);
    setDefault(node, "DaylightName", zone.daylightName, now);
    setDefault(node, "TimeZoneKeyName", zone.name, now);
    setDefault(node, "StandardStart", rules.slice(12, 28), now);
    setDefault(node, "DaylightStart", rules.slice(28), now);
  });
}

function makeFolder(files: Host["systemDrive"], path: string): void {
  try {
    files.makeFolder(path);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
  }
}
