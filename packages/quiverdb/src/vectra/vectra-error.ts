import { QuiverError } from '../errors.js'

/**
 * A failure with the text that Vectra gives it. Programs written for Vectra compare texts, and some the name, so it is called plainly `Error`;
 * its `code` is one of Quiver's.
 */
export class VectraError extends QuiverError {
  override readonly name: string = 'Error'
}
