/// Audio that may have to be sent again, because the server has not finalised it. Pure.
///
/// Positions count samples per channel from the session's start, at the client's rate.
struct KeptAudio {
    private struct Chunk {
        var firstSample: Int
        var bytes: [UInt8]
        var arrival: ContinuousClock.Instant
    }

    /// Bytes of one sample of all channels.
    let bytesPerSample: Int
    /// The position of the first kept sample.
    private(set) var start = 0
    /// The position after the last one.
    private(set) var end = 0
    private var chunks: [Chunk] = []
    /// The beginning of a sample whose other bytes have not come.
    private var incomplete: [UInt8] = []

    init(bytesPerSample: Int) { self.bytesPerSample = bytesPerSample }

    /// Bytes that are kept.
    var byteCount: Int { (end - start) * bytesPerSample }

    /// Adds audio that came at `arrival`.
    mutating func append(_ audio: some Sequence<UInt8>, arrival: ContinuousClock.Instant) {
        var bytes = incomplete
        bytes.append(contentsOf: audio)
        let count = bytes.count / bytesPerSample
        incomplete = Array(bytes[(count * bytesPerSample)...])
        guard count > 0 else { return }
        bytes.removeLast(incomplete.count)
        chunks.append(Chunk(firstSample: end, bytes: bytes, arrival: arrival))
        end += count
    }

    /// Forgets everything before a position. One beyond the end is taken for the end.
    mutating func drop(before position: Int) {
        let position = min(position, end)
        guard position > start else { return }
        let whole = chunks.firstIndex { $0.firstSample + $0.bytes.count / bytesPerSample > position } ?? chunks.count
        chunks.removeFirst(whole)
        if let first = chunks.first, first.firstSample < position {
            chunks[0].bytes.removeFirst((position - first.firstSample) * bytesPerSample)
            chunks[0].firstSample = position
        }
        start = position
    }

    /// The audio from a position to the end of the piece that it came in; `nil` at the end or before the start.
    func audio(from position: Int) -> ArraySlice<UInt8>? {
        guard let chunk = chunk(at: position) else { return nil }
        return chunk.bytes[((position - chunk.firstSample) * bytesPerSample)...]
    }

    /// When the sample at a position came; `nil` when it is not kept.
    func arrival(of position: Int) -> ContinuousClock.Instant? { chunk(at: position)?.arrival }

    /// Counts from 0 again, because a new session begins with what is kept.
    ///
    /// - Returns: the position that is 0 now.
    mutating func restart() -> Int {
        let offset = start
        for index in chunks.indices { chunks[index].firstSample -= offset }
        start = 0
        end -= offset
        return offset
    }

    private func chunk(at position: Int) -> Chunk? {
        guard position >= start, position < end else { return nil }
        var low = 0
        var high = chunks.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if chunks[middle].firstSample <= position { low = middle } else { high = middle }
        }
        return chunks[low]
    }
}
