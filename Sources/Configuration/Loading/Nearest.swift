/// The candidate that takes the fewest insertions, deletions, replacements and swaps of neighbours to become `word`
/// (optimal string alignment distance), when that is at most a third of its length and at most 3.
func nearest(to word: String, among candidates: [String]) -> String? {
    let best = candidates.map { (candidate: $0, distance: distance(Array(word), Array($0))) }.min { $0.distance < $1.distance }
    return best.flatMap { $0.distance <= min(3, $0.candidate.count / 3) ? $0.candidate : nil }
}

private func distance(_ a: [Character], _ b: [Character]) -> Int {
    var previous: [Int] = []
    var last = Array(0...b.count)
    for i in a.indices {
        var row = [i + 1]
        for j in b.indices {
            var best = min(last[j + 1] + 1, row[j] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
            if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { best = min(best, previous[j - 1] + 1) }
            row.append(best)
        }
        previous = last
        last = row
    }
    return last[b.count]
}
