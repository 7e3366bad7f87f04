import { hresultOf, statusOf, win32ErrorOf } from "../errors/error-mapping.ts";
import { AddressType, CodeAddressType, HandleType, type Handle } from "./address.ts";
import { codeNames, codeResult, errnoFailure, lastErrorFailure, orElse, ResultType, VoidType } from "./results.ts";
import { BooleanType, FloatType, IntegerType, WideNumberType, WideType } from "./scalars.ts";
import { KIND } from "./type.ts";
import { CharactersType, StringType, TextAddressType, TextBufferType } from "./text.ts";

/** The types of Windows' headers ("Windows Data Types"), by their names there, and a few of our own where C's say too little. */
export const VOID = new VoidType();

export const BYTE = unsigned("BYTE", 1);
export const UCHAR = unsigned("UCHAR", 1);
export const CHAR = signed("CHAR", 1);
export const WORD = unsigned("WORD", 2);
export const USHORT = unsigned("USHORT", 2);
export const SHORT = signed("SHORT", 2);
export const WCHAR = unsigned("WCHAR", 2);
export const ATOM = unsigned("ATOM", 2);
export const LANGID = unsigned("LANGID", 2);
export const DWORD = unsigned("DWORD", 4);
export const UINT = unsigned("UINT", 4);
export const ULONG = unsigned("ULONG", 4);
export const LCID = unsigned("LCID", 4);
export const ACCESS_MASK = new IntegerType({ name: "ACCESS_MASK", bytes: 4, signed: false });
export const INT = signed("INT", 4);
export const LONG = signed("LONG", 4);

/** FALSE and last error when it fails. */
export const BOOL = new ResultType<boolean, boolean | number>(new BooleanType("BOOL", 4), { failure: lastErrorFailure(false) });
/** One byte; ntdll's and the compilers' truth value. FALSE and last error when it fails. */
export const BOOLEAN = new ResultType<boolean, boolean | number>(new BooleanType("BOOLEAN", 1), { failure: lastErrorFailure(false) });

export const FLOAT = new FloatType("FLOAT", 4);
export const DOUBLE = new FloatType("DOUBLE", 8);

/** Pointer-sized counts, as numbers. */
export const SIZE_T = new WideNumberType({ name: "SIZE_T", bytes: 0, signed: false, kind: KIND.SIZE });
export const SSIZE_T = new WideNumberType({ name: "SSIZE_T", bytes: 0, signed: true });
export const ULONG_PTR_N = new WideNumberType({ name: "ULONG_PTR", bytes: 0, signed: false, kind: KIND.SIZE });
export const LONG_PTR_N = new WideNumberType({ name: "LONG_PTR", bytes: 0, signed: true });
/** 64-bit quantities that stay below 2^53 in practice, as numbers: sizes, offsets, file times. */
export const LARGE_INTEGER = new WideNumberType({ name: "LARGE_INTEGER", bytes: 8, signed: true });
export const OFFSET = new WideNumberType({ name: "OFFSET", bytes: 8, signed: true });
export const ULARGE_INTEGER = new WideNumberType({ name: "ULARGE_INTEGER", bytes: 8, signed: false });
/** 64-bit values whose every bit counts, as bigints. */
export const LONGLONG = new WideType({ name: "LONGLONG", bytes: 8, signed: true });
export const ULONGLONG = new WideType({ name: "ULONGLONG", bytes: 8, signed: false });
/** A value of a pointer's size that the API only carries, as a bigint: keys, contexts, TLS values, LPARAM. */
export const OPAQUE = new WideType({ name: "OPAQUE", bytes: 0, signed: false });
export const ULONG_PTR = new WideType({ name: "ULONG_PTR", bytes: 0, signed: false });
export const LONG_PTR = new WideType({ name: "LONG_PTR", bytes: 0, signed: true });
export const WPARAM = new WideType({ name: "WPARAM", bytes: 0, signed: false });
export const LPARAM = new WideType({ name: "LPARAM", bytes: 0, signed: true });
export const LRESULT = new WideType({ name: "LRESULT", bytes: 0, signed: true });

/** Guest addresses, 0 for NULL. As results they fail with NULL and last error; infallible(PVOID) and errno(PVOID, 0) fail otherwise. */
export const PVOID = address("PVOID");
export const LPVOID = address("LPVOID");
export const LPCVOID = address("LPCVOID");
/** Addresses of names, or numbers below 0x10000 in their place: ordinals of exports; types and names of resources. */
export const PROC_NAME = new TextAddressType("LPCSTR", "bytes", { orNumber: true });
export const RESOURCE_NAME_A = new TextAddressType("LPCSTR", "ansi", { orNumber: true });
export const RESOURCE_NAME_W = new TextAddressType("LPCWSTR", "wide", { orNumber: true });
export const FARPROC = new CodeAddressType("FARPROC", lastErrorFailure(0));
export const HMODULE = new CodeAddressType("HMODULE", lastErrorFailure(0));
export const HINSTANCE = new CodeAddressType("HINSTANCE", lastErrorFailure(0));
/** A guest function that the mapping calls; callback(fn(…)) says its signature too. */
export const CALLBACK = new CodeAddressType("CALLBACK", lastErrorFailure(0));

export const HANDLE = new HandleType("HANDLE");
export const HKEY = new HandleType("HKEY", {
  HKEY_CLASSES_ROOT: 0x8000_0000,
  HKEY_CURRENT_USER: 0x8000_0001,
  HKEY_LOCAL_MACHINE: 0x8000_0002,
  HKEY_USERS: 0x8000_0003,
  HKEY_PERFORMANCE_DATA: 0x8000_0004,
  HKEY_CURRENT_CONFIG: 0x8000_0005,
});
export const HWND = new HandleType("HWND");
export const HLOCAL = address("HLOCAL");
export const HGLOBAL = address("HGLOBAL");
export const HRSRC = address("HRSRC");
export const SOCKET = new HandleType("SOCKET", { INVALID_SOCKET: -1 });
export const SC_HANDLE = new HandleType("SC_HANDLE");

/** The handle that CreateFile fails with; also the current process where one is wanted. */
export const INVALID_HANDLE_VALUE = -1 as Handle;
/** No handle. */
export const NULL_HANDLE = 0 as Handle;

/** A handle result that is `value` (INVALID_HANDLE_VALUE or 0) on failure, with last error. */
export function handleOr(value: Handle | 0, type: HandleType = HANDLE): ResultType<Handle, Handle> {
  return orElse(type, value as Handle);
}

/** Strings that a function reads, in the ANSI code page or UTF-16; NULL is undefined. As results and fields they are given back as addresses. */
export const LPCSTR = new StringType<string | undefined>("LPCSTR", "ansi", false);
export const LPCWSTR = new StringType<string | undefined>("LPCWSTR", "wide", false);
/** A string of bytes, a character each (Latin-1): what the C runtime's byte functions need, with no code page between. */
export const CSTR = new StringType<string | undefined>("char*", "bytes", false);
/** The same by their addresses: for functions that are called so often that a string for each would be felt. */
export const CSTR_AT = new TextAddressType("char*", "bytes");
export const WSTR_AT = new TextAddressType("wchar_t*", "wide");
/** In text(): LPCSTR or LPCWSTR by the variant. */
export const TSTR = new StringType<string | undefined>("LPCTSTR", "variant", false);

/** Buffers that a function fills with text. */
export const LPSTR_BUF = new TextBufferType("LPSTR", "ansi", "out");
export const LPWSTR_BUF = new TextBufferType("LPWSTR", "wide", "out");
export const CSTR_BUF = new TextBufferType("char*", "bytes", "out");
export const TBUF = new TextBufferType("LPTSTR", "variant", "out");
/** Text that a function reads and that another parameter counts: it need not end in a NUL. */
export const LPCCH = new TextBufferType("LPCCH", "ansi", "in");
export const LPCWCH = new TextBufferType("LPCWCH", "wide", "in");
export const TCCH = new TextBufferType("LPCTCH", "variant", "in");

/** Guest addresses of text, uninterpreted: what functions return, and what they store. */
export const LPSTR = address("LPSTR");
export const LPWSTR = address("LPWSTR");
export const LPTSTR = address("LPTSTR");

/** Fixed arrays of characters in structs. */
export const chars = (count: number) => new CharactersType(`CHAR[${count}]`, "ansi", count);
export const wchars = (count: number) => new CharactersType(`WCHAR[${count}]`, "wide", count);
export const tchars = (count: number) => new CharactersType(`TCHAR[${count}]`, "variant", count);

/** A Win32 error code that is only carried: GetLastError's. */
export const ERROR_CODE = new ResultType(DWORD, { name: "DWORD", failure: undefined, show: codeNames.win32 });
/** A Win32 error code as the result: registry functions. */
export const LSTATUS = codeResult(LONG, "LSTATUS", win32ErrorOf, codeNames.win32);
/** An HRESULT as the result. */
export const HRESULT = codeResult(DWORD, "HRESULT", hresultOf, codeNames.hresult);
/** An NTSTATUS as the result: a bad pointer is STATUS_ACCESS_VIOLATION. */
export const NTSTATUS = codeResult(DWORD, "NTSTATUS", statusOf, codeNames.status);
/** errno_t: the error is the result, and in errno. */
export const ERRNO_T = new ResultType(INT, { name: "errno_t", failure: errnoFailure, show: codeNames.errno });

function unsigned(name: string, bytes: 1 | 2 | 4): IntegerType {
  return new IntegerType({ name, bytes, signed: false });
}

function signed(name: string, bytes: 1 | 2 | 4): IntegerType {
  return new IntegerType({ name, bytes, signed: true });
}

function address(name: string): AddressType {
  return new AddressType(name, lastErrorFailure(0));
}
