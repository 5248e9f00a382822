/** The address of the script that all workers run in a browser, for a worker that starts others: its own. */
export async function workerScript(): Promise<string> {
  return (globalThis as unknown as { location: { href: string } }).location.href
}
