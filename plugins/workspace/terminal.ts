/** Commands in a terminal: a small program makes one around the command, in the sandbox with it. */

import { type Argv, type Process } from '../../core/index.ts';
import type { Size } from './running.ts';

/**
 * Reads frames from stdin, `d BYTES\n` and so many bytes for the command, `s ROWS COLS\n` for a new size, `e 0\n` for the end
 * of input; writes what the terminal shows; ends as the command ends.
 */
const program = `
import fcntl, os, pty, signal, struct, sys, termios, threading
rows, cols = int(sys.argv[1]), int(sys.argv[2])
def resize(fd, rows, cols):
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack('HHHH', rows, cols, 0, 0))
pid, fd = pty.fork()
if pid == 0:
    resize(0, rows, cols)
    try:
        os.execvp(sys.argv[3], sys.argv[3:])
    except OSError as error:
        print(error, file=sys.stderr)
        os._exit(127)
def feed():
    source = sys.stdin.buffer
    for line in source:
        kind, *numbers = line.split()
        if kind == b'd':
            data = source.read(int(numbers[0]))
            while data:
                data = data[os.write(fd, data):]
        elif kind == b's':
            resize(fd, int(numbers[0]), int(numbers[1]))
        else:
            os.write(fd, b'\\x04')
threading.Thread(target=feed, daemon=True).start()
while True:
    try:
        data = os.read(fd, 65536)
    except OSError:
        break
    if not data:
        break
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()
status = os.waitpid(pid, 0)[1]
os._exit(os.waitstatus_to_exitcode(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status))
`;

/** The command in a terminal of this size. What runs it is Python 3, which has terminals in its library. */
export function inTerminal(command: readonly string[], { rows, cols }: Size): Argv {
  return ['python3', '-c', program, String(rows), String(cols), ...command];
}

/** Input for the command, as frames. */
export const dataFrame = (data: Uint8Array): Uint8Array =>
  Buffer.concat([Buffer.from(`d ${data.length}\n`), data]);

/** The end of its input. */
export const endFrame = 'e 0\n';

/** Another size of its terminal, of which the command is told. */
export async function resizeTerminal(process: Process, { rows, cols }: Size): Promise<void> {
  await process.write(`s ${rows} ${cols}\n`);
}
