/** The part of what is global in a worker of a browser that is used here. */
export interface WorkerScope<Call, Message> {
  readonly name: string
  onmessage: ((event: { readonly data: Call }) => void) | null
  postMessage(message: Message, transfer?: readonly ArrayBuffer[]): void
}
