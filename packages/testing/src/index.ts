export * from './vectors.js'
export { type HardOrder, hardOrders } from './orders.js'
export { codedReference, rotatedReference } from './graph-codes.js'
