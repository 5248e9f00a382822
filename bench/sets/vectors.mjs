/** Vectors of one length in one array, row after row. */
export class Vectors {
  /** @param {Float32Array} values @param {number} dimensions */
  constructor(values, dimensions) {
    this.values = values
    this.dimensions = dimensions
    this.rows = values.length / dimensions
  }

  /** @param {number} index @returns {Float32Array} a view, not a copy */
  row(index) {
    return this.values.subarray(index * this.dimensions, (index + 1) * this.dimensions)
  }

  /** @returns {Float32Array[]} a view of each row */
  list() {
    return Array.from({ length: this.rows }, (_, row) => this.row(row))
  }

  /** @param {number} rows @returns {Vectors} the first ones, a view */
  first(rows) {
    return new Vectors(this.values.subarray(0, rows * this.dimensions), this.dimensions)
  }

  /** @param {ArrayLike<number>} rows @returns {Vectors} a copy of these, in this order */
  picked(rows) {
    const values = new Float32Array(rows.length * this.dimensions)
    for (let i = 0; i < rows.length; i++) values.set(this.row(rows[i]), i * this.dimensions)
    return new Vectors(values, this.dimensions)
  }
}
