/** How large an image is, by its first bytes: nothing is decoded. */

/** In pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Of PNG, JPEG, GIF and WebP; `undefined` for what is none of these or is cut off. */
export function sizeOf(bytes: Uint8Array): Size | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    const size = readers[String.fromCharCode(...bytes.subarray(0, 4))]?.(view) ?? jpegSize(view);
    return size !== undefined && size.width > 0 && size.height > 0 ? size : undefined;
  } catch (error) {
    if (error instanceof RangeError) return undefined; // it ends before its size
    throw error;
  }
}

const readers: Readonly<Record<string, (view: DataView) => Size | undefined>> = {
  '\u0089PNG': (view) => ({ width: view.getUint32(16), height: view.getUint32(20) }),
  GIF8: (view) => ({ width: view.getUint16(6, true), height: view.getUint16(8, true) }),
  RIFF: webpSize,
};

/** WebP (RFC 9649): lossy, lossless and extended files hold it in three ways. */
function webpSize(view: DataView): Size | undefined {
  const kind = view.getUint32(12);
  if (kind === 0x56503820)
    return { width: view.getUint16(26, true) & 0x3fff, height: view.getUint16(28, true) & 0x3fff };
  if (kind === 0x5650384c) {
    const bits = view.getUint32(21, true);
    return { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 };
  }
  if (kind !== 0x56503858) return undefined;
  const size = (at: number) => (view.getUint32(at, true) & 0xffffff) + 1;
  return { width: size(24), height: (view.getUint32(26, true) >>> 8) + 1 };
}

/** JPEG (ITU-T T.81): in the start of frame, behind segments of whatever length. */
function jpegSize(view: DataView): Size | undefined {
  for (const { marker, at } of segmentsOf(view)) {
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (isFrame) return { width: view.getUint16(at + 3), height: view.getUint16(at + 1) };
  }
  return undefined;
}

interface Segment {
  readonly marker: number;
  /** Where its content begins. */
  readonly at: number;
}

function* segmentsOf(view: DataView): Generator<Segment> {
  if (view.getUint16(0) !== 0xffd8) return;
  for (let at = 2; ;) {
    while (view.getUint8(at) === 0xff && view.getUint8(at + 1) === 0xff) at++;
    if (view.getUint8(at) !== 0xff) return;
    yield { marker: view.getUint8(at + 1), at: at + 4 };
    at += 2 + view.getUint16(at + 2);
  }
}

const orientationTag = 0x0112;

/** How a JPEG is to be turned to stand upright (Exif 3.0, tag 274): 1 as it is, up to 8. 1 for what says nothing of it. */
export function orientationOf(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    for (const { marker, at } of segmentsOf(view))
      if (marker === 0xe1 && view.getUint32(at) === 0x45786966)
        return exifOrientation(view, at + 6);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error; // it ends before it says
  }
  return 1;
}

/** In the first directory of the TIFF that begins at `start`. */
function exifOrientation(view: DataView, start: number): number {
  const isLittle = view.getUint16(start) === 0x4949;
  const directory = start + view.getUint32(start + 4, isLittle);
  const count = view.getUint16(directory, isLittle);
  for (let index = 0; index < count; index++) {
    const entry = directory + 2 + index * 12;
    if (view.getUint16(entry, isLittle) !== orientationTag) continue;
    const value = view.getUint16(entry + 8, isLittle);
    return value >= 1 && value <= 8 ? value : 1;
  }
  return 1;
}
