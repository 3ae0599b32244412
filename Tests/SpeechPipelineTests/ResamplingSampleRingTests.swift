import SpeechModel
import SpeechPipeline
import Testing

@Suite struct SampleRingTests {
    private func append(_ samples: [Int16], to ring: inout SampleRing) {
        samples.map { Float($0) / 32768 }.withUnsafeBufferPointer { ring.append($0) }
    }

    private func pieces(_ ring: SampleRing, _ range: Range<Int>) -> [[Int16]] {
        var pieces: [[Int16]] = []
        ring.withSamples(in: SampleTime(range.lowerBound)..<SampleTime(range.upperBound)) { pieces.append(Array($0)) }
        return pieces
    }

    @Test func `The default holds four seconds`() {
        let ring = SampleRing()
        #expect(ring.capacity == 64_000 && ring.isEmpty && ring.end == .zero && ring.oldest == .zero)
    }

    @Test func `16-bit samples come back bit for bit`() {
        var ring = SampleRing(capacity: 65_536)
        let all = (Int(Int16.min)...Int(Int16.max)).map { Int16($0) }
        append(all, to: &ring)
        #expect(pieces(ring, 0..<65_536) == [all])
    }

    @Test func `Other samples are rounded to the nearest and saturated, even a NaN`() {
        var ring = SampleRing(capacity: 8)
        let samples: [Float] = [1, 2, -2, 0.6 / 32768, -0.6 / 32768, 0.4 / 32768, .infinity, .nan]
        samples.withUnsafeBufferPointer { ring.append($0) }
        #expect(pieces(ring, 0..<8) == [[32767, 32767, -32768, 1, -1, 0, 32767, -32768]])
    }

    @Test func `The oldest samples are dropped when it is full, and counted`() {
        var ring = SampleRing(capacity: 4)
        append([1, 2, 3], to: &ring)
        #expect(ring.droppedSamples == 0)
        append([4, 5, 6], to: &ring)
        #expect(ring.droppedSamples == 2 && ring.oldest == SampleTime(2) && ring.end == SampleTime(6))
        #expect(pieces(ring, 0..<100) == [[3, 4], [5, 6]])
        append(Array(7...20), to: &ring)
        #expect(ring.droppedSamples == 16 && pieces(ring, 0..<100).flatMap(\.self) == [17, 18, 19, 20])
    }

    @Test func `What was discarded makes room without counting as a loss`() {
        var ring = SampleRing(capacity: 4)
        append([1, 2, 3, 4], to: &ring)
        ring.discard(before: SampleTime(3))
        append([5, 6, 7], to: &ring)
        #expect(ring.droppedSamples == 0 && pieces(ring, 0..<9).flatMap(\.self) == [4, 5, 6, 7])
        ring.discard(before: SampleTime(1))
        #expect(ring.oldest == SampleTime(3))
        ring.discard(before: SampleTime(99))
        #expect(ring.oldest == SampleTime(7) && ring.isEmpty)
        append([8], to: &ring)
        #expect(pieces(ring, 0..<99) == [[8]])
    }

    @Test func `Positions count from the given start`() {
        var ring = SampleRing(capacity: 3, start: SampleTime(1000))
        append([1, 2], to: &ring)
        #expect(ring.oldest == SampleTime(1000) && ring.end == SampleTime(1002) && pieces(ring, 1001..<1002) == [[2]])
    }

    @Test func `An error of the reader comes through`() {
        struct Refused: Error {}
        var ring = SampleRing(capacity: 3)
        append([1], to: &ring)
        #expect(throws: Refused.self) {
            try ring.withSamples(in: .zero..<SampleTime(1)) { _ throws(Refused) in throw Refused() }
        }
    }

    @Test func `It always agrees with a plain array`() {
        var random = SplitMix(state: 3)
        for _ in 0..<200 {
            let capacity = Int.random(in: 1...40, using: &random)
            var ring = SampleRing(capacity: capacity)
            var all: [Int16] = []
            for _ in 0..<30 {
                let samples = (0..<Int.random(in: 0...60, using: &random)).map { _ in
                    Int16.random(in: .min ... .max, using: &random)
                }
                append(samples, to: &ring)
                all += samples
                let from = Int.random(in: 0...all.count, using: &random)
                let to = Int.random(in: from...all.count + 5, using: &random)
                let found = pieces(ring, from..<to)
                let oldest = max(0, all.count - capacity)
                #expect(found.flatMap(\.self) == Array(all[max(from, oldest)..<max(min(to, all.count), max(from, oldest))]))
                #expect(found.count <= 2 && !found.contains([]))
                #expect(ring.droppedSamples == oldest && ring.end.sample == all.count)
            }
        }
    }
}
