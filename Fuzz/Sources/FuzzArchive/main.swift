import Archives
import Foundation
import Fuzzing
import Glibc
import SpeechModel

// In memory: nothing here waits for a disk.
private let root = "/dev/shm/fuzz-archive-\(getpid())"
private let archive = root + "/archive"
private let folder = root + "/out"

exit(
    fuzz { data, count in
        let manager = FileManager.default
        try? manager.removeItem(atPath: root)
        try! manager.createDirectory(atPath: folder, withIntermediateDirectories: true)
        precondition(manager.createFile(atPath: archive, contents: data.map { Data(bytes: $0, count: count) } ?? Data()))

        var limits = ArchiveLimits(bytes: 1 << 20)
        limits.entries = 100
        let isUnpacked = (try? Archive(archive).unpack(to: folder, limits: limits)) != nil

        let around = try! manager.contentsOfDirectory(atPath: root).sorted()
        precondition(around == ["archive", "out"], "Something was written beside the folder: \(around)")
        precondition(manager.contents(atPath: archive)?.count == count, "The archive was written to.")
        if isUnpacked {
            for case let name as String in manager.enumerator(atPath: folder) ?? FileManager.DirectoryEnumerator() {
                let end = URL(fileURLWithPath: folder + "/" + name).resolvingSymlinksInPath().path
                precondition(end.hasPrefix(folder + "/"), "\(name) leads to \(end).")
            }
        }
        return 0
    })
