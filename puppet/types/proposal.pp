# @summary Algorithms joined by `-`, several proposals by `,`; a `!` at the end means only these.
type Ipsec::Proposal = Pattern[/\A[a-z0-9_]+(?:-[a-z0-9_]+)*(?:, ?[a-z0-9_]+(?:-[a-z0-9_]+)*)*!?\z/]
