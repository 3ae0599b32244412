import Foundation
import SpeechModel

/// A WebSocket client of a few system calls, for load: RFC 6455 with a mask of zeros.
final class RawStream {
    let socket: CInt
    private(set) var isClosed = false
    private var received: [UInt8] = []

    /// Connects to a WebSocket; with `isNarrow` the kernel keeps little for it, so that it is soon known not to read.
    init(port: Int, path: String = "/v1/asr/stream", isNarrow: Bool = false) throws {
        socket = Foundation.socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        if isNarrow {
            var receiveBuffer: CInt = 2048
            // Small segments as well, because the kernel of the server buffers a number of segments.
            var segment: CInt = 536
            setsockopt(socket, SOL_SOCKET, SO_RCVBUF, &receiveBuffer, 4)
            setsockopt(socket, CInt(IPPROTO_TCP), TCP_MAXSEG, &segment, 4)
        }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        address.sin_port = UInt16(port).bigEndian
        let connected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        var noDelay: CInt = 1
        setsockopt(socket, CInt(IPPROTO_TCP), TCP_NODELAY, &noDelay, 4)
        write(
            Array(
                ("GET \(path) HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                    + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n").utf8))
        var answer: [UInt8] = []
        var byte: UInt8 = 0
        while connected == 0, !answer.suffix(4).elementsEqual("\r\n\r\n".utf8), answer.count < 4096, read(socket, &byte, 1) == 1 {
            answer.append(byte)
        }
        guard answer.starts(with: "HTTP/1.1 101".utf8) else {
            throw SpeechError(
                .connectionFailed, "The server refused a stream: \(String(decoding: answer.prefix(80), as: UTF8.self))",
                advice: "Raise its limits and `ulimit -n`.")
        }
    }

    func send(text: String) { send(opcode: 1, Array(text.utf8)) }

    func send(binary: UnsafeRawBufferPointer) { send(opcode: 2, Array(binary)) }

    private func send(opcode: UInt8, _ payload: [UInt8]) {
        guard !isClosed else { return }
        var frame: [UInt8] = [0x80 | opcode]
        if payload.count < 126 {
            frame.append(0x80 | UInt8(payload.count))
        } else {
            frame += [0x80 | 126, UInt8(payload.count >> 8), UInt8(payload.count & 255)]
        }
        frame += [0, 0, 0, 0]
        write(frame + payload)
    }

    private func write(_ bytes: [UInt8]) {
        var at = 0
        while at < bytes.count {
            let count = bytes.withUnsafeBytes { Foundation.write(socket, $0.baseAddress! + at, $0.count - at) }
            guard count > 0 else {
                isClosed = true
                return
            }
            at += count
        }
    }

    /// Reads what is there and hands on each text message.
    func receive(_ body: ([UInt8]) -> Void) {
        let count = withUnsafeTemporaryAllocation(byteCount: 1 << 16, alignment: 16) { buffer in
            let count = recv(socket, buffer.baseAddress, buffer.count, CInt(MSG_DONTWAIT))
            if count > 0 { received += UnsafeRawBufferPointer(rebasing: buffer[..<count]) }
            return count
        }
        if count <= 0 {
            if count == 0 || errno != EAGAIN { isClosed = true }
            return
        }
        var at = 0
        while received.count - at >= 2 {
            var length = Int(received[at + 1] & 127)
            var header = 2
            if length == 126, received.count - at >= 4 {
                length = Int(received[at + 2]) << 8 | Int(received[at + 3])
                header = 4
            } else if length == 127, received.count - at >= 10 {
                length = received[(at + 2)..<(at + 10)].reduce(0) { $0 << 8 | Int($1) }
                header = 10
            } else if length >= 126 {
                break
            }
            guard received.count - at >= header + length else { break }
            let payload = Array(received[(at + header)..<(at + header + length)])
            switch received[at] & 15 {
            case 1: body(payload)
            case 8:
                isClosed = true
                Foundation.close(socket)
            case 9: send(opcode: 10, payload)
            default: break
            }
            at += header + length
        }
        received.removeFirst(at)
    }

    func close() {
        if !isClosed { Foundation.close(socket) }
        isClosed = true
    }
}
