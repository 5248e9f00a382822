import { QuiverError } from '../../errors.js'
import { angular } from './angular.js'
import type { DenseMeasure } from './measure.js'

/**
 * The shortest way over the unit sphere between the directions of two vectors: their angle, so raw values and scores are those of `angular`.
 * For places on a globe see `geographicVector`.
 */
export const geodesic: DenseMeasure = Object.freeze<DenseMeasure>({ ...angular, name: 'geodesic' })

/**
 * A place on a globe as the unit vector of 3 numbers that points to it, to be compared by `geodesic`: the radius times the raw value is the
 * great-circle distance. float32 places it within about a metre on the Earth.
 *
 * @param latitudeDegrees -90 (south pole) to 90
 * @param longitudeDegrees -360 to 360, east of Greenwich positive
 * @throws QuiverError INVALID_ARGUMENT
 *
 * @example
 * ```ts
 * const berlin = geographicVector(52.52, 13.405)
 * const paris = geographicVector(48.8566, 2.3522)
 * const earthRadiusKm = 6371
 * Math.round(earthRadiusKm * geodesic.raw(berlin, paris)) // 877
 * ```
 */
export function geographicVector(latitudeDegrees: number, longitudeDegrees: number): Float32Array<ArrayBuffer> {
  if (!(Math.abs(latitudeDegrees) <= 90)) {
    throw new QuiverError('INVALID_ARGUMENT', `A latitude is from -90 to 90 degrees, not ${latitudeDegrees}.`)
  }
  if (!(Math.abs(longitudeDegrees) <= 360)) {
    throw new QuiverError('INVALID_ARGUMENT', `A longitude is from -360 to 360 degrees, not ${longitudeDegrees}.`)
  }
  const latitude = (latitudeDegrees * Math.PI) / 180
  const longitude = (longitudeDegrees * Math.PI) / 180
  const fromAxis = Math.cos(latitude)
  return Float32Array.of(fromAxis * Math.cos(longitude), fromAxis * Math.sin(longitude), Math.sin(latitude))
}
