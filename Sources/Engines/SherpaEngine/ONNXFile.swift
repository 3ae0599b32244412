import Glibc

/// A look at an ONNX file before the native library, which prints to standard error or even ends the process when one is broken.
enum ONNXFile {
    /// `ModelProto.graph` in onnx.proto.
    private static let graphField: UInt64 = 7
    private static let maximumBytes = 1 << 31

    /// Whether the file is one protobuf message with a graph, neither cut off nor followed by anything.
    static func isWhole(_ path: String) -> Bool {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return false }
        defer { close(file) }
        let size = Int(lseek(file, 0, SEEK_END))
        guard size > 0, size < maximumBytes, let map = mmap(nil, size, PROT_READ, MAP_PRIVATE, file, 0), map != MAP_FAILED else {
            return false
        }
        defer { munmap(map, size) }
        return isWhole(UnsafeRawBufferPointer(start: map, count: size))
    }

    /// Walks the fields of the outermost message (protobuf encoding: varint, 64 bit, length-delimited, 32 bit).
    static func isWhole(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var at = 0
        var hasGraph = false
        func varint() -> UInt64? {
            var value: UInt64 = 0
            for shift in stride(from: UInt64(0), to: 64, by: 7) {
                guard at < bytes.count else { return nil }
                let byte = bytes[at]
                at += 1
                value |= UInt64(byte & 0x7F) << shift
                if byte < 0x80 { return value }
            }
            return nil
        }
        while at < bytes.count {
            guard let tag = varint() else { return false }
            var skip: UInt64 = 0
            switch tag & 7 {
            case 0: guard varint() != nil else { return false }
            case 1: skip = 8
            case 2:
                guard let length = varint() else { return false }
                skip = length
                hasGraph = hasGraph || tag >> 3 == graphField
            case 5: skip = 4
            default: return false
            }
            guard skip <= UInt64(bytes.count - at) else { return false }
            at += Int(skip)
        }
        return hasGraph
    }
}
