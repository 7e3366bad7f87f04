import type { Out } from "@decant/hook";
import { implement } from "@decant/process";
import { dnsQueriesApi } from "./queries.api.ts";

const NO_DNS_SERVERS = 9852;

/** No server is known: addresses of hosts come from getaddrinfo, which asks this machine. */
export const dnsQueries = implement(dnsQueriesApi, {
  DnsQuery: (_thread, _pszName, _wType, _Options, _pExtra, ppQueryResults) => noServer(ppQueryResults),
  DnsQuery_UTF8: (_thread, _pszName, _wType, _Options, _pExtra, ppQueryResults) => noServer(ppQueryResults),
  DnsRecordListFree() {},
  DnsFree() {},
  DnsNameCompare_A: (_thread, pName1, pName2) => isSameName(pName1, pName2),
  DnsNameCompare_W: (_thread, pName1, pName2) => isSameName(pName1, pName2),
});

function noServer(results: Out<number>): number {
  results.set(0);
  return NO_DNS_SERVERS;
}

/** Names differ neither by case nor by the dot at their end. */
function isSameName(a: string | undefined, b: string | undefined): boolean {
  const [x, y] = [a, b].map((name) => name?.toLowerCase().replace(/\.$/, ""));
  return x !== undefined && x === y;
}
