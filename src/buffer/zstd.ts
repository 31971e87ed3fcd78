import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib'

/** The body of a batch, compressed; memory of its own, to be freed. */
export function pack(body: Uint8Array, level: number): Buffer {
  // Room for the worst case zstd writes in one pass; otherwise it first copies the body into a window of its own.
  const worst = body.byteLength + (body.byteLength >> 8) + 1024
  // And not out of Node's pool, or it could not be freed: a small batch a quarter second left 130 KB a second.
  const chunkSize = Math.max(Buffer.poolSize, worst)
  const params = { [constants.ZSTD_c_compressionLevel]: level }
  return zstdCompressSync(body, { chunkSize, params, pledgedSrcSize: body.byteLength })
}

/** Throws when it is not what `pack` wrote. @param bytes it gets at most */
export function unpack(packed: Uint8Array, bytes: number): Buffer {
  return zstdDecompressSync(packed, {
    maxOutputLength: Math.max(1, bytes),
    // In one piece, and one byte more, or a second piece is made only to find that it is over: half the CPU.
    // And not out of Node's pool, or it could not be freed.
    chunkSize: Math.max(Buffer.poolSize, bytes + 1),
  })
}
