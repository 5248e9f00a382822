export * from './vectors.js'
export { type HardOrder, hardOrders } from './orders.js'
