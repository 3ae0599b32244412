import Testing

@testable import CaptureEdge

@Suite("The capture ring") struct CaptureRingTests {
    private func push(_ byte: UInt8, count: Int = 4, to ring: CaptureRing) -> Int {
        ring.next.initializeMemory(as: UInt8.self, repeating: byte)
        return ring.commit(byteCount: count)
    }

    private func popAll(_ ring: CaptureRing) -> [[UInt8]] {
        var pieces: [[UInt8]] = []
        while let piece = ring.oldest {
            pieces.append(Array(piece))
            ring.removeOldest()
        }
        return pieces
    }

    @Test("gives back whole pieces in their order, however often it goes round")
    func order() {
        let ring = CaptureRing(pieceByteCount: 4, capacity: 3)
        #expect(ring.isEmpty && ring.oldest == nil)
        for round in 0..<UInt8(10) {
            #expect(push(2 * round, to: ring) == 0)
            #expect(push(2 * round + 1, count: 2, to: ring) == 0)
            #expect(popAll(ring) == [Array(repeating: 2 * round, count: 4), Array(repeating: 2 * round + 1, count: 2)])
        }
        ring.removeOldest()
        #expect(ring.count == 0)
    }

    @Test("drops its oldest piece when it is full, and says how many bytes that were")
    func dropsOldest() {
        let ring = CaptureRing(pieceByteCount: 4, capacity: 3)
        let dropped = (1...5).map { push($0, count: Int($0) % 4 + 1, to: ring) }
        #expect(dropped == [0, 0, 0, 2, 3])
        #expect(ring.isFull && ring.count == 3)
        #expect(popAll(ring) == [[3, 3, 3, 3], [4], [5, 5]])
    }

    @Test("is emptied at once, and says how many bytes that were")
    func removesAll() {
        let ring = CaptureRing(pieceByteCount: 4, capacity: 3)
        for i in 1...4 { _ = push(UInt8(i), count: i, to: ring) }
        #expect(ring.removeAll() == 2 + 3 + 4)
        #expect(ring.isEmpty && ring.removeAll() == 0)
    }

    @Test("holds one piece at least")
    func minimum() {
        let ring = CaptureRing(pieceByteCount: 4, capacity: 0)
        #expect([push(1, to: ring), push(2, to: ring)] == [0, 4])
        #expect(popAll(ring) == [[2, 2, 2, 2]])
    }
}
