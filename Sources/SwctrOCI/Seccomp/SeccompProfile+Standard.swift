extension SeccompProfile {
    /// The profile of `--seccomp`: what programs ordinarily need is allowed, and all else fails with EPERM.
    ///
    /// What reaches beyond a container hangs on the capability that the kernel asks for as well (CAP_SYS_ADMIN for
    /// mounts, CAP_SYS_TIME for clocks, …). Left out for good are keyrings and `userfaultfd`, which the kernel does not
    /// keep apart by container, and `io_uring`, which does its work past the filter.
    public static let standard: SeccompProfile = {
        var profile = SeccompProfile(defaultAction: "SCMP_ACT_ERRNO", defaultErrnoRet: 1)
        profile.archMap = [
            ArchitectureFamily(
                architecture: "SCMP_ARCH_X86_64", subArchitectures: ["SCMP_ARCH_X86", "SCMP_ARCH_X32"]),
            ArchitectureFamily(architecture: "SCMP_ARCH_AARCH64", subArchitectures: ["SCMP_ARCH_ARM"]),
        ]
        profile.syscalls =
            [
                Rule(files + descriptors + memory + processes + identities + signals),
                Rule(clocks + events + sockets + messages + scheduling + limits),
            ] + narrowed + byArchitecture + byCapability
        return profile
    }()

    // MARK: What every process may call

    private static let files = words(
        """
        access cachestat chdir chmod chown chown32 creat faccessat faccessat2 fadvise64 fadvise64_64 fallocate
        fanotify_mark fchdir fchmod fchmodat fchmodat2 fchown fchown32 fchownat fgetxattr flistxattr fremovexattr
        fsetxattr fstat fstat64 fstatat64 fstatfs fstatfs64 ftruncate ftruncate64 futimesat getcwd getdents getdents64
        getxattr getxattrat lchown lchown32 lgetxattr link linkat listxattr listxattrat llistxattr lremovexattr
        lsetxattr lstat lstat64 mkdir mkdirat mknod mknodat name_to_handle_at newfstatat open openat openat2 readlink
        readlinkat removexattr removexattrat rename renameat renameat2 rmdir setxattr setxattrat stat stat64 statfs
        statfs64 statx symlink symlinkat sync syncfs truncate truncate64 umask unlink unlinkat utime utimensat
        utimensat_time64 utimes listmount statmount landlock_add_rule landlock_create_ruleset landlock_restrict_self
        """)

    private static let descriptors = words(
        """
        _llseek close close_range copy_file_range dup dup2 dup3 fcntl fcntl64 fdatasync flock fsync io_cancel io_destroy
        io_getevents io_pgetevents io_pgetevents_time64 io_setup io_submit ioctl ioprio_get ioprio_set lseek pipe pipe2
        pread64 preadv preadv2 pwrite64 pwritev pwritev2 read readahead readv sendfile sendfile64 splice
        sync_file_range tee vmsplice write writev
        """)

    private static let memory = words(
        """
        brk madvise map_shadow_stack membarrier memfd_create memfd_secret mincore mlock mlock2 mlockall mmap mmap2
        mprotect mremap mseal msync munlock munlockall munmap pkey_alloc pkey_free pkey_mprotect remap_file_pages
        shmat shmctl shmdt shmget
        """)

    private static let processes = words(
        """
        execve execveat exit exit_group fork get_robust_list get_thread_area getcpu getpgid getpgrp getpid getppid
        getpriority getrandom getsid gettid pidfd_open pidfd_send_signal prctl process_mrelease restart_syscall rseq
        seccomp set_robust_list set_thread_area set_tid_address setpgid setpriority setsid sysinfo uname vfork wait4
        waitid waitpid uretprobe
        """)

    private static let identities = words(
        """
        capget capset getegid getegid32 geteuid geteuid32 getgid getgid32 getgroups getgroups32 getresgid getresgid32
        getresuid getresuid32 getuid getuid32 setfsgid setfsgid32 setfsuid setfsuid32 setgid setgid32 setgroups
        setgroups32 setregid setregid32 setresgid setresgid32 setresuid setresuid32 setreuid setreuid32 setuid setuid32
        """)

    private static let signals = words(
        """
        kill pause rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn rt_sigsuspend rt_sigtimedwait
        rt_sigtimedwait_time64 rt_tgsigqueueinfo sigaltstack signalfd signalfd4 sigprocmask sigreturn tgkill tkill
        """)

    private static let clocks = words(
        """
        adjtimex alarm clock_adjtime clock_adjtime64 clock_getres clock_getres_time64 clock_gettime clock_gettime64
        clock_nanosleep clock_nanosleep_time64 getitimer gettimeofday nanosleep setitimer time timer_create timer_delete
        timer_getoverrun timer_gettime timer_gettime64 timer_settime timer_settime64 timerfd_create timerfd_gettime
        timerfd_gettime64 timerfd_settime timerfd_settime64 times
        """)

    private static let events = words(
        """
        _newselect epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_pwait epoll_pwait2 epoll_wait epoll_wait_old
        eventfd eventfd2 futex futex_requeue futex_time64 futex_wait futex_waitv futex_wake inotify_add_watch
        inotify_init inotify_init1 inotify_rm_watch poll ppoll ppoll_time64 pselect6 pselect6_time64 select
        """)

    private static let sockets = words(
        """
        accept accept4 bind connect getpeername getsockname getsockopt listen recv recvfrom recvmmsg recvmmsg_time64
        recvmsg send sendmmsg sendmsg sendto setsockopt shutdown socketcall socketpair
        """)

    private static let messages = words(
        """
        ipc mq_getsetattr mq_notify mq_open mq_timedreceive mq_timedreceive_time64 mq_timedsend mq_timedsend_time64
        mq_unlink msgctl msgget msgrcv msgsnd semctl semget semop semtimedop semtimedop_time64
        """)

    private static let scheduling = words(
        """
        sched_get_priority_max sched_get_priority_min sched_getaffinity sched_getattr sched_getparam sched_getscheduler
        sched_rr_get_interval sched_rr_get_interval_time64 sched_setaffinity sched_setattr sched_setparam
        sched_setscheduler sched_yield
        """)

    private static let limits = words("getrlimit getrusage prlimit64 setrlimit ugetrlimit")

    // MARK: What may be called in one way only

    /// CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET.
    private static let namespaceFlags: UInt64 = 0x7e02_0000
    /// Sockets to the hypervisor: they know no network namespace.
    private static let addressFamilyVsock: UInt64 = 40

    private static let narrowed: [Rule] =
        // Linux, UNAME26 and short inodes, alone or together; and the question for the present one.
        [0x0, 0x8, 0x20000, 0x20008, 0xffff_ffff].map { persona in
            Rule(["personality"], args: [.init(index: 0, value: persona, op: "SCMP_CMP_EQ")])
        } + [
            Rule(["socket"], args: [.init(index: 0, value: addressFamilyVsock, op: "SCMP_CMP_NE")]),
            Rule(
                ["clone"], args: [.init(index: 0, value: namespaceFlags, valueTwo: 0, op: "SCMP_CMP_MASKED_EQ")],
                excludes: Condition(caps: ["CAP_SYS_ADMIN"])),
            // Its flags lie in memory, where no filter sees them; with ENOSYS the C library takes clone instead.
            Rule(["clone3"], action: "SCMP_ACT_ERRNO", errnoRet: 38, excludes: Condition(caps: ["CAP_SYS_ADMIN"])),
            // Before 4.8 a tracer could step around the filter.
            Rule(["process_vm_readv", "process_vm_writev", "ptrace"], includes: Condition(minKernel: "4.8")),
        ]

    private static let byArchitecture: [Rule] = [
        Rule(["arch_prctl", "modify_ldt"], includes: Condition(arches: ["amd64", "x32", "386"])),
        Rule(
            words("arm_fadvise64_64 arm_sync_file_range breakpoint cacheflush set_tls sync_file_range2"),
            includes: Condition(arches: ["arm", "arm64"])),
    ]

    // MARK: What goes with a capability

    private static let byCapability: [Rule] = [
        ("CAP_DAC_READ_SEARCH", "open_by_handle_at"),
        (
            "CAP_SYS_ADMIN",
            """
            bpf clone clone3 fanotify_init fsconfig fsmount fsopen fspick lookup_dcookie lsm_get_self_attr
            lsm_list_modules lsm_set_self_attr mount mount_setattr move_mount open_tree open_tree_attr perf_event_open
            quotactl quotactl_fd setdomainname sethostname setns syslog umount umount2 unshare
            """
        ),
        ("CAP_SYS_BOOT", "reboot"),
        ("CAP_SYS_CHROOT", "chroot"),
        ("CAP_SYS_MODULE", "delete_module finit_module init_module"),
        ("CAP_SYS_PACCT", "acct"),
        ("CAP_SYS_PTRACE", "kcmp pidfd_getfd process_madvise process_vm_readv process_vm_writev ptrace"),
        ("CAP_SYS_RAWIO", "ioperm iopl"),
        ("CAP_SYS_TIME", "clock_settime clock_settime64 settimeofday stime"),
        ("CAP_SYS_TTY_CONFIG", "vhangup"),
        ("CAP_SYS_NICE", "get_mempolicy mbind set_mempolicy set_mempolicy_home_node"),
        ("CAP_SYSLOG", "syslog"),
        ("CAP_BPF", "bpf"),
        ("CAP_PERFMON", "perf_event_open"),
    ].map { Rule(words($1), includes: Condition(caps: [$0])) }

    private static func words(_ text: String) -> [String] {
        text.split { $0 == " " || $0 == "\n" }.map(String.init)
    }
}
