// @ts-check
/** Places of drivers in the listener's coordinates, and on the page: x to the cabinet, y to the left, z up. */

const DEG = Math.PI / 180;

/** @typedef {[number, number, number]} Point */

/** Unit vector of a driver on a sphere. @param {any} driver @returns {Point} */
export function direction(driver) {
  const azimuth = (Number(driver.azimuth_deg) || 0) * DEG;
  const elevation = (Number(driver.elevation_deg) || 0) * DEG;
  return [-Math.cos(azimuth) * Math.cos(elevation), Math.sin(azimuth) * Math.cos(elevation), Math.sin(elevation)];
}

/** Half the largest extent of a cabinet, metres. @param {any} cabinet */
export function reach(cabinet) {
  if (cabinet?.shape === "baffle") return Math.max(Number(cabinet.width_m) || 0.3, Number(cabinet.height_m) || 0.1) / 2;
  return Number(cabinet?.radius_m) || 0.1;
}

/** Centre of a driver, relative to that of the cabinet. @param {any} cabinet @param {any} driver @returns {Point} */
export function place(cabinet, driver) {
  if (cabinet?.shape === "baffle") return [0, Number(driver.y_m) || 0, Number(driver.z_m) || 0];
  const size = reach(cabinet);
  return /** @type {Point} */ (direction(driver).map((value) => value * size));
}

/** Points around a driver's diaphragm. @param {any} cabinet @param {any} driver @returns {Point[]} */
export function rim(cabinet, driver) {
  const centre = place(cabinet, driver);
  const axis = cabinet?.shape === "baffle" ? /** @type {Point} */ ([-1, 0, 0]) : direction(driver);
  const helper = Math.abs(axis[2]) < 0.9 ? [0, 0, 1] : [1, 0, 0];
  const u = unit(cross(axis, /** @type {Point} */ (helper)));
  const v = cross(axis, u);
  const radius = Number(driver.radius_m) || 0.02;
  return Array.from({ length: 33 }, (_, index) => {
    const [c, sine] = [Math.cos(index * Math.PI / 16), Math.sin(index * Math.PI / 16)];
    return /** @type {Point} */ (centre.map((value, k) => value + radius * (c * u[k] + sine * v[k])));
  });
}

/** Keys of a driver that was moved to a place of a view. @param {any} cabinet @param {any} driver @param {"top" | "front"} view @param {number} right metres @param {number} down metres */
export function moved(cabinet, driver, view, right, down) {
  if (cabinet?.shape === "baffle") {
    const radius = Number(driver.radius_m) || 0;
    const y = clamp(-right, Number(cabinet.width_m) / 2 - radius);
    if (view === "top") return { y_m: y };
    return { y_m: y, z_m: clamp(-down, Number(cabinet.height_m) / 2 - radius) };
  }
  if (view === "top") return { azimuth_deg: whole(Math.atan2(-right, down) / DEG) };
  const size = Math.max(reach(cabinet), Math.hypot(right, down));
  const [y, z] = [-right / size, -down / size];
  const depth = Math.sqrt(Math.max(0, 1 - y * y - z * z));
  const towards = direction(driver)[0] > 0.2 ? -depth : depth;
  return { azimuth_deg: whole(Math.atan2(y, towards) / DEG), elevation_deg: whole(Math.asin(Math.max(-1, Math.min(1, z))) / DEG) };
}

/** @param {number} value @param {number} most */
function clamp(value, most) {
  return Number((Math.round(1000 * Math.max(-most, Math.min(most, value))) / 1000).toFixed(3));
}

/** @param {number} value */
function whole(value) {
  return Math.round(value) || 0;
}

/** @param {Point} a @param {Point} b @returns {Point} */
function cross(a, b) {
  return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
}

/** @param {Point} a @returns {Point} */
function unit(a) {
  const size = Math.hypot(...a) || 1;
  return /** @type {Point} */ (a.map((value) => value / size));
}
