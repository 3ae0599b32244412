import Testing

@testable import MynahClient

@Suite("Audio that may have to be sent again")
struct KeptAudioTests {
    private let start = ContinuousClock.now

    @Test func isGivenOutFromAnyPosition() {
        var kept = KeptAudio(bytesPerSample: 2)
        kept.append([1, 1, 2, 2, 3, 3], arrival: start)
        kept.append([4, 4, 5, 5], arrival: start + .seconds(1))
        #expect(kept.start == 0 && kept.end == 5 && kept.byteCount == 10)
        #expect(kept.audio(from: 0).map(Array.init) == [1, 1, 2, 2, 3, 3])
        #expect(kept.audio(from: 2).map(Array.init) == [3, 3])
        #expect(kept.audio(from: 3).map(Array.init) == [4, 4, 5, 5])
        #expect(kept.audio(from: 5) == nil)
        #expect(kept.audio(from: -1) == nil)
        #expect(kept.arrival(of: 2) == start)
        #expect(kept.arrival(of: 4) == start + .seconds(1))
        #expect(kept.arrival(of: 5) == nil)
    }

    @Test func isForgottenUpToAPosition() {
        var kept = KeptAudio(bytesPerSample: 1)
        for byte in UInt8(0)..<100 { kept.append([byte, byte, byte], arrival: start) }
        kept.drop(before: 4)
        #expect(kept.start == 4)
        #expect(kept.audio(from: 3) == nil)
        #expect(kept.audio(from: 4).map(Array.init) == [1, 1])
        kept.drop(before: 2)
        #expect(kept.start == 4)
        kept.drop(before: 6)
        #expect(kept.audio(from: 6).map(Array.init) == [2, 2, 2])
        for position in 6..<300 { #expect(kept.audio(from: position)?.first == UInt8(position / 3)) }
        kept.drop(before: 1000)
        #expect(kept.start == 300 && kept.end == 300 && kept.byteCount == 0)
    }

    @Test func piecesOfASampleAreJoined() {
        var kept = KeptAudio(bytesPerSample: 4)
        kept.append([1, 2, 3], arrival: start)
        #expect(kept.end == 0 && kept.audio(from: 0) == nil)
        kept.append([4, 5], arrival: start)
        #expect(kept.audio(from: 0).map(Array.init) == [1, 2, 3, 4])
        kept.append([6, 7, 8, 9], arrival: start)
        #expect(kept.end == 2)
        #expect(kept.audio(from: 1).map(Array.init) == [5, 6, 7, 8])
    }

    @Test func isCountedAnewWhenASessionBeginsAgain() {
        var kept = KeptAudio(bytesPerSample: 1)
        kept.append([1, 2, 3], arrival: start)
        kept.append([4, 5, 6], arrival: start)
        kept.drop(before: 4)
        #expect(kept.restart() == 4)
        #expect(kept.start == 0 && kept.end == 2)
        #expect(kept.audio(from: 0).map(Array.init) == [5, 6])
    }
}
