(* The laws of determinant and inverse, which theorems about matrices take as premises, proved for
   concrete determinants: of sizes 2 and 3, by cofactors (EntropySum.v has size 1). So for these sizes
   the premises `laws_` are no assumption.

   coqc EntropySum.v && coqc Determinants.v *)
From Coq Require Import Reals Lra Lia FunctionalExtensionality.
Require Import EntropySum.
Open Scope R_scope.
Set Default Timeout 120.

(* An entry of size n at most, else 0. *)
Definition within (n : nat) (M : matrix) : matrix :=
  fun i j => if Nat.ltb i n then if Nat.ltb j n then M i j else 0 else 0.
Definition identity_matrix : matrix := fun i j => if Nat.eqb i j then 1 else 0.

Definition det2 (M : matrix) : R := M 0%nat 0%nat * M 1%nat 1%nat - M 0%nat 1%nat * M 1%nat 0%nat.
Definition adjugate2 (M : matrix) : matrix := fun i j =>
  match i, j with
  | 0%nat, 0%nat => M 1%nat 1%nat | 0%nat, 1%nat => - M 0%nat 1%nat
  | 1%nat, 0%nat => - M 1%nat 0%nat | 1%nat, 1%nat => M 0%nat 0%nat
  | _, _ => 0 end.
Definition inverse2 (M : matrix) : matrix := scaled (/ det2 M) (adjugate2 M).

(* The minor without row i and column j, with its sign: indices count modulo 3. *)
Definition cofactor (M : matrix) (i j : nat) : R :=
  let a := ((i + 1) mod 3)%nat in let b := ((i + 2) mod 3)%nat in
  let c := ((j + 1) mod 3)%nat in let d := ((j + 2) mod 3)%nat in
  M a c * M b d - M a d * M b c.
Definition det3 (M : matrix) : R := M 0%nat 0%nat * cofactor M 0 0 + M 0%nat 1%nat * cofactor M 0 1 + M 0%nat 2%nat * cofactor M 0 2.
Definition inverse3 (M : matrix) : matrix := scaled (/ det3 M) (within 3 (fun i j => cofactor M j i)).

Ltac entries := unfold inverse3, inverse2, det3, det2, adjugate2, within, cofactor, scaled, transposed, matmul, quad;
  cbn [Sum Nat.modulo Nat.divmod Nat.add Nat.sub Nat.ltb Nat.leb fst snd].

(* They are the inverse. *)
Lemma inverse2_is M i j : det2 M <> 0 -> (i < 2)%nat -> (j < 2)%nat -> matmul 2 M (inverse2 M) i j = identity_matrix i j.
Proof.
  intros n hi hj. unfold identity_matrix. revert n.
  destruct i as [|[|i]]; [| |lia]; (destruct j as [|[|j]]; [| |lia]); entries; cbn [Nat.eqb]; intros n; field; exact n.
Qed.
Lemma inverse3_is M i j : det3 M <> 0 -> (i < 3)%nat -> (j < 3)%nat -> matmul 3 M (inverse3 M) i j = identity_matrix i j.
Proof.
  intros n hi hj. unfold identity_matrix. revert n.
  destruct i as [|[|[|i]]]; [| | |lia]; (destruct j as [|[|[|j]]]; [| | |lia]); entries; cbn [Nat.eqb]; intros n; field; exact n.
Qed.

(* The entries of a positive definite matrix, by the vectors that show them. *)
Definition three (a b c : R) : nat -> R := fun i => match i with 0%nat => a | 1%nat => b | _ => c end.
Lemma det2_posdef M : posdef 2 M -> 0 < det2 M.
Proof.
  intros [s q]. pose proof (s 1%nat 0%nat ltac:(lia) ltac:(lia)) as sym.
  assert (a : 0 < M 0%nat 0%nat).
  { assert (v := q (three 1 0 0)). unfold quad in v. cbn [Sum three] in v.
    enough (0 < 0 + (0 + 1 * M 0%nat 0%nat * 1 + 1 * M 0%nat 1%nat * 0) + (0 + 0 * M 1%nat 0%nat * 1 + 0 * M 1%nat 1%nat * 0)) by lra.
    apply v. exists 0%nat. simpl. split; [lia | lra]. }
  assert (v := q (three (- M 0%nat 1%nat) (M 0%nat 0%nat) 0)). unfold quad in v. cbn [Sum three] in v.
  assert (p : 0 < M 0%nat 0%nat * det2 M).
  { eapply Rlt_le_trans; [apply v; exists 1%nat; simpl; split; [lia | lra]|]. unfold det2. rewrite sym. right. ring. }
  apply (Rmult_lt_reg_l (M 0%nat 0%nat)); [exact a|]. now rewrite Rmult_0_r.
Qed.
Lemma posdef_part n M : posdef (S n) M -> posdef n M.
Proof.
  intros [s q]. split; [intros; apply s; lia|]. intros v [i [hi nz]].
  pose (w := fun k => if Nat.ltb k n then v k else 0).
  assert (below : forall k, (k < n)%nat -> w k = v k) by (intros k hk; unfold w; apply Nat.ltb_lt in hk; now rewrite hk).
  assert (last : w n = 0) by (unfold w; now rewrite Nat.ltb_irrefl).
  assert (h := q w). unfold quad in *. cbn [Sum] in h. rewrite last in h.
  enough (e : Sum n (fun i => Sum n (fun j => v i * M i j * v j)) =
    Sum n (fun i => Sum n (fun j => w i * M i j * w j) + w i * M i n * 0)
    + (Sum n (fun j => 0 * M n j * w j) + 0 * M n n * 0)).
  { rewrite e. apply h. exists i. split; [lia | rewrite below; auto]. }
  rewrite (Sum_ext n (fun j => 0 * M n j * w j) (fun _ => 0)) by (intros; ring). rewrite Sum_const.
  rewrite (Sum_ext n (fun i => Sum n (fun j => w i * M i j * w j) + w i * M i n * 0) (fun i => Sum n (fun j => v i * M i j * v j))).
  - ring.
  - intros k hk. rewrite Rmult_0_r, Rplus_0_r. apply Sum_ext. intros j hj. now rewrite !below.
Qed.
Lemma det3_posdef M : posdef 3 M -> 0 < det3 M.
Proof.
  intros pd. pose proof (det2_posdef M (posdef_part 2 M pd)) as minor. destruct pd as [s q].
  pose proof (s 1%nat 0%nat ltac:(lia) ltac:(lia)) as s10. pose proof (s 2%nat 0%nat ltac:(lia) ltac:(lia)) as s20.
  pose proof (s 2%nat 1%nat ltac:(lia) ltac:(lia)) as s21.
  assert (v := q (three (cofactor M 2 0) (cofactor M 2 1) (det2 M))). unfold quad in v. cbn [Sum three] in v.
  assert (p : 0 < det2 M * det3 M).
  { eapply Rlt_le_trans; [apply v; exists 2%nat; simpl; split; [lia | lra]|].
    entries. rewrite s10, s20, s21. right. ring. }
  apply (Rmult_lt_reg_l (det2 M)); [exact minor|]. now rewrite Rmult_0_r.
Qed.

Lemma laws_of_size_2 : matrix_laws 2 det2 inverse2.
Proof.
  constructor.
  - intros. entries. ring.
  - intros. entries. ring.
  - intros. entries. ring.
  - intros M n. revert n. entries. intros n. field. exact n.
  - intros c M n. extensionality i. extensionality j. unfold inverse2.
    replace (det2 (scaled c M)) with (c * c * det2 M) by (entries; ring).
    replace (adjugate2 (scaled c M) i j) with (c * adjugate2 M i j)
      by (entries; destruct i as [|[|i]], j as [|[|j]]; ring).
    unfold scaled. destruct (Req_dec (det2 M) 0) as [e|d].
    + rewrite e, Rmult_0_r, Rinv_0. ring.
    + replace (adjugate2 (fun i j => c * M i j) i j) with (c * adjugate2 M i j)
        by (unfold adjugate2; destruct i as [|[|i]], j as [|[|j]]; ring).
      field. now split.
  - exact det2_posdef.
  - intros M [z d]. pose proof (z 0%nat 1%nat ltac:(lia)) as e. unfold det2. rewrite e.
    pose proof (Rmult_lt_0_compat _ _ (d 0%nat ltac:(lia)) (d 1%nat ltac:(lia))). lra.
Qed.
Lemma laws_of_size_3 : matrix_laws 3 det3 inverse3.
Proof.
  constructor.
  - intros. entries. ring.
  - intros. entries. ring.
  - intros. entries. ring.
  - intros M n. revert n. entries. intros n. field. exact n.
  - intros c M n. extensionality i. extensionality j. unfold inverse3.
    replace (det3 (scaled c M)) with (c * c * c * det3 M) by (entries; ring).
    assert (a : within 3 (fun i j => cofactor (scaled c M) j i) i j = c * c * within 3 (fun i j => cofactor M j i) i j)
      by (unfold within, cofactor, scaled; destruct (Nat.ltb i 3), (Nat.ltb j 3); ring).
    unfold scaled in *. rewrite a. destruct (Req_dec (det3 M) 0) as [e|d].
    + rewrite e, Rmult_0_r, Rinv_0. ring.
    + field. now split.
  - exact det3_posdef.
  - intros M [z d]. pose proof (z 0%nat 1%nat ltac:(lia)) as e. pose proof (z 0%nat 2%nat ltac:(lia)) as f.
    pose proof (z 1%nat 2%nat ltac:(lia)) as g.
    entries. rewrite e, f, g.
    pose proof (Rmult_lt_0_compat _ _ (Rmult_lt_0_compat _ _ (d 0%nat ltac:(lia)) (d 1%nat ltac:(lia))) (d 2%nat ltac:(lia))). lra.
Qed.
Print Assumptions laws_of_size_3.
