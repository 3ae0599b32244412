/// Pieces of audio that wait for the sink, oldest first. When it is full, the oldest one makes room. All its memory is
/// allocated when it is made.
final class CaptureRing {
    /// Bytes of a whole piece.
    let pieceByteCount: Int
    /// How many pieces it holds.
    let capacity: Int
    /// How many pieces wait.
    private(set) var count = 0
    /// One slot more than pieces: the one that is being filled.
    private let bytes: UnsafeMutableRawBufferPointer
    private var lengths: [Int]
    private var head = 0

    /// An empty ring for at least one piece.
    init(pieceByteCount: Int, capacity: Int) {
        self.pieceByteCount = pieceByteCount
        self.capacity = max(1, capacity)
        bytes = .allocate(byteCount: (self.capacity + 1) * pieceByteCount, alignment: 16)
        lengths = Array(repeating: 0, count: self.capacity + 1)
    }

    deinit { bytes.deallocate() }

    var isEmpty: Bool { count == 0 }
    var isFull: Bool { count == capacity }

    /// Where the next piece is written.
    var next: UnsafeMutableRawBufferPointer { slot(at: count) }

    /// Adds what was written to ``next``.
    ///
    /// - Returns: bytes that were dropped for it.
    func commit(byteCount: Int) -> Int {
        lengths[(head + count) % lengths.count] = byteCount
        guard isFull else {
            count += 1
            return 0
        }
        defer { head = (head + 1) % lengths.count }
        return lengths[head]
    }

    /// The piece that has waited longest.
    var oldest: UnsafeRawBufferPointer? {
        isEmpty ? nil : UnsafeRawBufferPointer(rebasing: slot(at: 0)[..<lengths[head]])
    }

    /// Removes ``oldest``.
    func removeOldest() {
        guard !isEmpty else { return }
        head = (head + 1) % lengths.count
        count -= 1
    }

    /// Empties the ring.
    ///
    /// - Returns: bytes that were in it.
    func removeAll() -> Int {
        defer { count = 0 }
        return (0..<count).reduce(0) { $0 + lengths[(head + $1) % lengths.count] }
    }

    private func slot(at index: Int) -> UnsafeMutableRawBufferPointer {
        let start = (head + index) % lengths.count * pieceByteCount
        return UnsafeMutableRawBufferPointer(rebasing: bytes[start..<(start + pieceByteCount)])
    }
}
