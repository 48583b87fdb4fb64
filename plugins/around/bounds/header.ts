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
  if (view.getUint16(0) !== 0xffd8) return undefined;
  for (let at = 2; ;) {
    while (view.getUint8(at) === 0xff && view.getUint8(at + 1) === 0xff) at++;
    if (view.getUint8(at) !== 0xff) return undefined;
    const marker = view.getUint8(at + 1);
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (isFrame) return { width: view.getUint16(at + 7), height: view.getUint16(at + 5) };
    at += 2 + view.getUint16(at + 2);
  }
}
