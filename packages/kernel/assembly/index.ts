// What the other side can call. All addresses are offsets into the memory that the instance imports.
export { xxh64 } from './checksum'
export { addToSums, encodeRow, encodeRows, greatestSquaredNorm, squaredNorm } from './rows'
export { insertNodes, levelOf, prepareNodes, upperBytes } from './build'
export { audit, repair } from './repair'
export { searchBegin, searchResults, searchStep } from './search'
export { scanPrune, scanResults, scanStep } from './scan'
export { exactDistances } from './score'
