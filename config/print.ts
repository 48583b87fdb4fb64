/** Writes to the terminal. A reader that has left (`| head`) has what it wanted, which is no fault. */

/** Writes a text and a line end; resolves when it is out or nobody reads any more. */
export function printTo(stream: NodeJS.WriteStream, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    // Without a listener the stream would throw later on.
    if (stream.listenerCount('error') === 0) stream.on('error', () => {});
    stream.write(`${text}\n`, (error) => {
      const code = error && 'code' in error ? error.code : undefined;
      if (error && code !== 'EPIPE') reject(error);
      else resolve();
    });
  });
}
