(* What every printed theorem rests on: finite sums, laws and their expectations, curves and their
   velocities, and the identity. A reader of a theorem needs `Sum`, `law`, `interchange`, `moves`
   and the functions; the rest are proofs.

   Coq with Coquelicot (written for Coq 8.16, Coquelicot 3.2):  coqc EntropySum.v *)
From Coq Require Import Reals Lra Lia FunctionalExtensionality.
From Coquelicot Require Import Coquelicot.
Open Scope R_scope.

(* ---- definitions that statements use ----------------------------------------------------------- *)

(* f 0 + ... + f (n - 1); indices start at 0. *)
Fixpoint Sum (n : nat) (f : nat -> R) : R :=
  match n with O => 0 | S m => Sum m f + f m end.

(* A law: the functions that it can integrate, and their expectation, which is linear with E 1 = 1.
   Nothing else is used; every probability measure with its integrable functions is a law. *)
Record law (W : Type) : Type := Law {
  integrable : (W -> R) -> Prop;
  expect : (W -> R) -> R;
  law_one : integrable (fun _ => 1) /\ expect (fun _ => 1) = 1;
  law_plus : forall f g, integrable f -> integrable g ->
    integrable (fun o => f o + g o) /\ expect (fun o => f o + g o) = expect f + expect g;
  law_scal : forall c f, integrable f ->
    integrable (fun o => c * f o) /\ expect (fun o => c * f o) = c * expect f }.
Arguments integrable {W}. Arguments expect {W}. Arguments Law {W}.

(* The derivative at t = 0 may be taken under the expectation. *)
Definition interchange {W} (E : law W) (f : R -> W -> R) : Prop :=
  is_derive (fun t : R => expect E (f t)) 0 (expect E (fun o => Derive (fun t : R => f t o) 0)).

(* G is the derivative of F on the positive numbers. *)
Definition derivative_law (F G : R -> R) : Prop := forall a, 0 < a -> is_derive F a (G a).

Definition softplus (u : R) : R := ln (1 + exp u).
Definition sigmoid (u : R) : R := exp u / (1 + exp u).
Definition logsinhc (u : R) : R := ln (sinh u / u).            (* 0 at 0, as / 0 = 0 and ln 0 = 0 *)
Definition langevin (u : R) : R := cosh u / sinh u - / u.      (* 0 at 0 *)

(* What is at 0 at the step before the first. *)
Definition lag {A} (start : A) (f : nat -> A) (i : nat) : A := match i with O => start | S j => f j end.

Definition onehot (n : nat) (c : nat -> R) : Prop :=
  (forall i, (i < n)%nat -> c i = 0 \/ c i = 1) /\ Sum n c = 1.
Definition simplex (n : nat) (c : nat -> R) : Prop :=
  (forall i, (i < n)%nat -> 0 < c i) /\ Sum n c = 1.
Definition count (y : R) : Prop := exists n : nat, y = INR n.
Definition binary (y : R) : Prop := y = 0 \/ y = 1.

(* Matrices by their entries, and what is assumed of determinant and inverse of those of size n:
   laws that every textbook has. Outside of n an inverse is 0. *)
Definition matrix := nat -> nat -> R.
Definition scaled (c : R) (M : matrix) : matrix := fun i j => c * M i j.
Definition transposed (M : matrix) : matrix := fun i j => M j i.
Definition matmul (n : nat) (A B : matrix) : matrix := fun i j => Sum n (fun k => A i k * B k j).
Definition trace (n : nat) (M : matrix) : R := Sum n (fun i => M i i).
Definition quad (n : nat) (v : nat -> R) (M : matrix) (w : nat -> R) : R :=
  Sum n (fun i => Sum n (fun j => v i * M i j * w j)).
Definition posdef (n : nat) (M : matrix) : Prop :=
  (forall i j, (i < n)%nat -> (j < n)%nat -> M i j = M j i) /\
  (forall v, (exists i, (i < n)%nat /\ v i <> 0) -> 0 < quad n v M v).
Definition triangular (n : nat) (M : matrix) : Prop :=
  (forall i j, (i < j)%nat -> M i j = 0) /\ (forall i, (i < n)%nat -> 0 < M i i).
Record matrix_laws (n : nat) (det : matrix -> R) (inverse : matrix -> matrix) : Prop := {
  det_scaled : forall c M, det (scaled c M) = c ^ n * det M;
  det_product : forall A B, det (matmul n A B) = det A * det B;
  det_transposed : forall M, det (transposed M) = det M;
  det_inverse : forall M, det M <> 0 -> det (inverse M) = / det M;
  inverse_scaled : forall c M, c <> 0 -> inverse (scaled c M) = scaled (/ c) (inverse M);
  det_posdef : forall M, posdef n M -> 0 < det M;
  det_triangular : forall M, triangular n M -> 0 < det M }.

(* ---- finite sums ------------------------------------------------------------------------------- *)
Lemma Sum_ext n f g : (forall i, (i < n)%nat -> f i = g i) -> Sum n f = Sum n g.
Proof.
  induction n as [|n IH]; intros E; [reflexivity|]. simpl. rewrite IH, (E n); auto with arith.
Qed.
Lemma Sum_plus n f g : Sum n (fun i => f i + g i) = Sum n f + Sum n g.
Proof. induction n as [|n IH]; simpl; [|rewrite IH]; ring. Qed.
Lemma Sum_minus n f g : Sum n (fun i => f i - g i) = Sum n f - Sum n g.
Proof. induction n as [|n IH]; simpl; [|rewrite IH]; ring. Qed.
Lemma Sum_opp n f : Sum n (fun i => - f i) = - Sum n f.
Proof. induction n as [|n IH]; simpl; [|rewrite IH]; ring. Qed.
Lemma Sum_scal n c f : Sum n (fun i => c * f i) = c * Sum n f.
Proof. induction n as [|n IH]; simpl; [|rewrite IH]; ring. Qed.
Lemma Sum_const n c : Sum n (fun _ => c) = INR n * c.
Proof. induction n as [|n IH]; [simpl; ring|]. rewrite S_INR. simpl. rewrite IH. ring. Qed.
Lemma Sum_pulled n f c g : (forall i, f i = c * g i) -> Sum n f = c * Sum n g.
Proof. intros E. rewrite <- Sum_scal. apply Sum_ext. intros. apply E. Qed.
Lemma Sum_swap n m f : Sum n (fun i => Sum m (fun j => f i j)) = Sum m (fun j => Sum n (fun i => f i j)).
Proof.
  induction n as [|n IH]; simpl; [rewrite Sum_const; ring|]. now rewrite IH, <- Sum_plus.
Qed.
Lemma Sum_pos n f : (0 < n)%nat -> (forall i, (i < n)%nat -> 0 < f i) -> 0 < Sum n f.
Proof.
  destruct n as [|n]; [lia|]. intros _. induction n as [|n IH]; intros E; simpl in *.
  - rewrite Rplus_0_l. apply E. lia.
  - apply Rplus_lt_0_compat; [apply IH; intros; apply E; lia | apply E; lia].
Qed.

Lemma onehot_sum n c : onehot n c -> Sum n c = 1. Proof. now intros []. Qed.
Lemma simplex_sum n c : simplex n c -> Sum n c = 1. Proof. now intros []. Qed.
Lemma simplex_pos n c : simplex n c -> forall i, (i < n)%nat -> 0 < c i. Proof. now intros []. Qed.

Lemma sum_size n c : Sum n c = 1 -> (0 < n)%nat.
Proof. destruct n; [simpl; lra | lia]. Qed.
Lemma onehot_size n c : onehot n c -> (0 < n)%nat. Proof. intros []. eauto using sum_size. Qed.
Lemma simplex_size n c : simplex n c -> (0 < n)%nat. Proof. intros []. eauto using sum_size. Qed.
Lemma count_nonneg y : count y -> 0 <= y. Proof. intros [n ->]. apply pos_INR. Qed.

(* ---- expectations ------------------------------------------------------------------------------ *)
Definition has_mean {W} (E : law W) (f : W -> R) (v : R) : Prop := integrable E f /\ expect E f = v.

Section has_mean.
Context {W : Type} (E : law W).
Lemma hm_self f : integrable E f -> has_mean E f (expect E f). Proof. now split. Qed.
Lemma hm_expect f v : has_mean E f v -> expect E f = v. Proof. now intros []. Qed.
Lemma hm_eq f v u : has_mean E f v -> v = u -> has_mean E f u. Proof. now intros ? <-. Qed.
Lemma hm_ext f g v : (forall o, f o = g o) -> has_mean E f v -> has_mean E g v.
Proof. intros e ?. now replace g with f by (extensionality o; apply e). Qed.
Lemma hm_scal c f v : has_mean E f v -> has_mean E (fun o => c * f o) (c * v).
Proof. intros [i <-]. now apply law_scal. Qed.
Lemma hm_plus f g v u : has_mean E f v -> has_mean E g u -> has_mean E (fun o => f o + g o) (v + u).
Proof. intros [i <-] [j <-]. now apply law_plus. Qed.
Lemma hm_const c : has_mean E (fun _ => c) c.
Proof.
  apply (hm_ext (fun _ => c * 1)); [intros; ring|]. apply hm_eq with (c * 1); [|ring].
  apply hm_scal. split; apply law_one.
Qed.
Lemma hm_scal_r c f v : has_mean E f v -> has_mean E (fun o => f o * c) (v * c).
Proof. intros h. apply (hm_ext (fun o => c * f o)); [intros; ring|]. rewrite Rmult_comm. now apply hm_scal. Qed.
Lemma hm_opp f v : has_mean E f v -> has_mean E (fun o => - f o) (- v).
Proof. intros h. apply (hm_ext (fun o => -1 * f o)); [intros; ring|].
  apply hm_eq with (-1 * v); [now apply hm_scal | ring]. Qed.
Lemma hm_minus f g v u : has_mean E f v -> has_mean E g u -> has_mean E (fun o => f o - g o) (v - u).
Proof. intros. apply hm_plus; [|apply hm_opp]; assumption. Qed.
Lemma hm_Sum n (f : nat -> W -> R) v :
  (forall i, (i < n)%nat -> has_mean E (f i) (v i)) -> has_mean E (fun o => Sum n (fun i => f i o)) (Sum n v).
Proof.
  induction n as [|n IH]; intros e; simpl; [apply hm_const|]. apply hm_plus; auto with arith.
Qed.
End has_mean.

(* The law of (n, z): first the datum n, then z from q n. Its expectation is the mean over n of E_{q n}. *)
Definition joint {W Z} (data : law W) (q : W -> law Z) : law (W * Z).
Proof.
  refine (Law (fun f => (forall n, integrable (q n) (fun z => f (n, z))) /\
                        integrable data (fun n => expect (q n) (fun z => f (n, z))))
              (fun f => expect data (fun n => expect (q n) (fun z => f (n, z)))) _ _ _).
  - assert (e : forall n, has_mean (q n) (fun _ => 1) 1) by (intros; apply hm_const).
    assert (M : has_mean data (fun n => expect (q n) (fun _ => 1)) 1)
      by (apply (hm_ext data (fun _ => 1)); [intros; symmetry; apply e | apply hm_const]).
    split; [split|]; [intros; apply e | apply M | apply M].
  - intros f g [f1 f2] [g1 g2].
    assert (e : forall n, has_mean (q n) (fun z => f (n, z) + g (n, z))
       (expect (q n) (fun z => f (n, z)) + expect (q n) (fun z => g (n, z))))
      by (intros; apply hm_plus; apply hm_self; auto).
    assert (M : has_mean data (fun n => expect (q n) (fun z => f (n, z) + g (n, z)))
       (expect data (fun n => expect (q n) (fun z => f (n, z))) + expect data (fun n => expect (q n) (fun z => g (n, z))))).
    { apply (hm_ext data (fun n => expect (q n) (fun z => f (n, z)) + expect (q n) (fun z => g (n, z))));
        [intros; symmetry; apply e | apply hm_plus; apply hm_self; auto]. }
    split; [split|]; [intros; apply e | apply M | apply M].
  - intros c f [f1 f2].
    assert (e : forall n, has_mean (q n) (fun z => c * f (n, z)) (c * expect (q n) (fun z => f (n, z))))
      by (intros; apply hm_scal; apply hm_self; auto).
    assert (M : has_mean data (fun n => expect (q n) (fun z => c * f (n, z)))
       (c * expect data (fun n => expect (q n) (fun z => f (n, z))))).
    { apply (hm_ext data (fun n => c * expect (q n) (fun z => f (n, z))));
        [intros; symmetry; apply e | apply hm_scal; apply hm_self; auto]. }
    split; [split|]; [intros; apply e | apply M | apply M].
Defined.

(* The mean over N data points; every function is integrable. *)
Definition finite (N : nat) (HN : (0 < N)%nat) : law nat.
Proof.
  assert (INR N <> 0) by (apply not_0_INR; lia).
  refine (Law (fun _ => True) (fun f => / INR N * Sum N f) _ _ _); intros.
  - split; [exact I|]. rewrite Sum_const. field. assumption.
  - split; [exact I|]. rewrite Sum_plus. ring.
  - split; [exact I|]. rewrite Sum_scal. ring.
Defined.

(* The law of what is surely o; every function is integrable. *)
Definition surely {W} (o : W) : law W.
Proof. now refine (Law (fun _ => True) (fun f => f o) _ _ _). Defined.

(* ---- curves: the value at t = 0 and the velocity there ----------------------------------------- *)
Definition moves (f : R -> R) (v d : R) : Prop := f 0 = v /\ is_derive f 0 d.

Lemma moves_eq f v d v' d' : moves f v d -> v = v' -> d = d' -> moves f v' d'.
Proof. now intros ? <- <-. Qed.
Lemma moves_value f v d : moves f v d -> Derive f 0 = d. Proof. intros [_ h]. now apply is_derive_unique. Qed.
Lemma moves_const c : moves (fun _ => c) c 0.
Proof. split; [reflexivity | exact (@is_derive_const R_AbsRing R_NormedModule c 0)]. Qed.
Lemma moves_still f c : (forall t, f t = c) -> moves f c 0.
Proof. intros e. replace f with (fun _ : R => c); [apply moves_const | extensionality t; auto]. Qed.
Lemma moves_id : moves (fun t => t) 0 1.
Proof. split; [reflexivity | exact (@is_derive_id R_AbsRing 0)]. Qed.
Lemma moves_ext f g v d : (forall t, f t = g t) -> moves f v d -> moves g v d.
Proof. intros e ?. now replace g with f by (extensionality t; auto). Qed.
Lemma moves_plus f g a b a' b' : moves f a a' -> moves g b b' -> moves (fun t => f t + g t) (a + b) (a' + b').
Proof. intros [<- h] [<- k]. split; [reflexivity | now apply @is_derive_plus]. Qed.
Lemma moves_opp f a a' : moves f a a' -> moves (fun t => - f t) (- a) (- a').
Proof. intros [<- h]. split; [reflexivity | now apply @is_derive_opp]. Qed.
Lemma moves_minus f g a b a' b' : moves f a a' -> moves g b b' -> moves (fun t => f t - g t) (a - b) (a' - b').
Proof. intros. apply moves_plus; [|apply moves_opp]; assumption. Qed.
Lemma moves_scal c f a a' : moves f a a' -> moves (fun t => c * f t) (c * a) (c * a').
Proof. intros [<- h]. split; [reflexivity | now apply is_derive_scal]. Qed.
Lemma moves_mult f g a b a' b' :
  moves f a a' -> moves g b b' -> moves (fun t => f t * g t) (a * b) (a' * b + a * b').
Proof.
  intros [<- h] [<- k]. split; [reflexivity|].
  apply (is_derive_mult f g 0 a' b' h k). intros; apply Rmult_comm.
Qed.
Lemma moves_scal_r c f a a' : moves f a a' -> moves (fun t => f t * c) (a * c) (a' * c).
Proof. intros h. apply (moves_ext (fun t => c * f t)); [intros; ring|].
  apply (moves_eq _ _ _ _ _ (moves_scal c f a a' h)); ring. Qed.
Lemma moves_comp (F : R -> R) f a a' d : is_derive F a d -> moves f a a' -> moves (fun t => F (f t)) (F a) (a' * d).
Proof. intros h [<- k]. split; [reflexivity|]. exact (is_derive_comp F f 0 d a' h k). Qed.
Lemma moves_exp f a a' : moves f a a' -> moves (fun t => exp (f t)) (exp a) (a' * exp a).
Proof. apply (moves_comp exp). apply is_derive_Reals, derivable_pt_lim_exp. Qed.
Lemma moves_ln f a a' : 0 < a -> moves f a a' -> moves (fun t => ln (f t)) (ln a) (a' * / a).
Proof. intros. apply (moves_comp ln); [|assumption]. apply is_derive_Reals. now apply derivable_pt_lim_ln. Qed.
Lemma moves_inv f a a' : a <> 0 -> moves f a a' -> moves (fun t => / f t) (/ a) (a' * - (/ a * / a)).
Proof.
  intros n. apply (moves_comp Rinv). auto_derive; [assumption | field; assumption].
Qed.
Lemma moves_div f g a b a' b' : b <> 0 -> moves f a a' -> moves g b b' ->
  moves (fun t => f t / g t) (a / b) (a' * / b + a * (b' * - (/ b * / b))).
Proof. intros. apply moves_mult; [|apply moves_inv]; assumption. Qed.
Lemma moves_pow n f a a' : moves f a a' -> moves (fun t => f t ^ S n) (a ^ S n) (a' * (INR (S n) * a ^ n)).
Proof.
  apply (moves_comp (fun u => u ^ S n)). apply is_derive_Reals. exact (derivable_pt_lim_pow a (S n)).
Qed.
Lemma moves_square f a a' : moves f a a' -> moves (fun t => f t ^ 2) (a ^ 2) (a' * (2 * a)).
Proof. intros h. apply (moves_eq _ _ _ _ _ (moves_pow 1 f a a' h)); [reflexivity | simpl; ring]. Qed.
Lemma moves_sqrt f a a' : 0 < a -> moves f a a' -> moves (fun t => sqrt (f t)) (sqrt a) (a' * / (2 * sqrt a)).
Proof.
  intros. apply (moves_comp sqrt); [|assumption]. apply is_derive_Reals. now apply derivable_pt_lim_sqrt.
Qed.
Lemma moves_Rpower q f a a' : 0 < a -> moves f a a' -> moves (fun t => Rpower (f t) q) (Rpower a q) (a' * (q * Rpower a q * / a)).
Proof.
  intros h. apply (moves_comp (fun u => Rpower u q)). unfold Rpower. auto_derive; [assumption|]. field. now apply Rgt_not_eq.
Qed.
Lemma one_exp_pos u : 0 < 1 + exp u. Proof. pose proof (exp_pos u). lra. Qed.
Lemma moves_softplus f a a' : moves f a a' -> moves (fun t => softplus (f t)) (softplus a) (a' * sigmoid a).
Proof.
  apply (moves_comp softplus). unfold softplus, sigmoid. pose proof (one_exp_pos a). auto_derive; [assumption|]. field. lra.
Qed.
Lemma moves_sigmoid f a a' : moves f a a' ->
  moves (fun t => sigmoid (f t)) (sigmoid a) (a' * (sigmoid a - sigmoid a * sigmoid a)).
Proof.
  apply (moves_comp sigmoid). unfold sigmoid. pose proof (one_exp_pos a). auto_derive; [lra|]. field. lra.
Qed.
Lemma sinh_pos u : 0 < u -> 0 < sinh u.
Proof. intros. unfold sinh. assert (exp (- u) < exp u) by (apply exp_increasing; lra). lra. Qed.
Lemma moves_logsinhc f a a' : 0 < a -> moves f a a' -> moves (fun t => logsinhc (f t)) (logsinhc a) (a' * langevin a).
Proof.
  intros h. apply (moves_comp logsinhc). unfold logsinhc, langevin. pose proof (sinh_pos a h).
  apply (is_derive_ext_loc (fun u => ln (sinh u) - ln u)).
  { exists (mkposreal a h). intros u hu. change (Rabs (u - a) < a) in hu. apply Rabs_def2 in hu.
    assert (0 < u) by lra. pose proof (sinh_pos u H0).
    unfold Rdiv. rewrite ln_mult, ln_Rinv; auto. now apply Rinv_0_lt_compat. }
  assert (S : is_derive sinh a (cosh a)) by (apply is_derive_Reals, derivable_pt_lim_sinh).
  evar_last.
  - apply @is_derive_minus; [|apply is_derive_Reals, derivable_pt_lim_ln; assumption].
    apply (is_derive_comp ln sinh a (/ sinh a) (cosh a)); [|exact S].
    apply is_derive_Reals, derivable_pt_lim_ln. assumption.
  - reflexivity.
Qed.
Lemma moves_law F G f a a' : derivative_law F G -> 0 < a -> moves f a a' ->
  moves (fun t => F (f t)) (F a) (a' * G a).
Proof. intros L h. apply moves_comp. now apply L. Qed.
Lemma moves_Sum n (f : R -> nat -> R) a a' :
  (forall i, (i < n)%nat -> moves (fun t => f t i) (a i) (a' i)) -> moves (fun t => Sum n (f t)) (Sum n a) (Sum n a').
Proof.
  induction n as [|n IH]; intros h; simpl; [apply moves_const|].
  apply (moves_plus (fun t => Sum n (f t)) (fun t => f t n)); auto with arith.
Qed.
(* An absolute value whose inside stands still, stands still: also at the kink. *)
Lemma moves_abs f a : moves f a 0 -> moves (fun t => Rabs (f t)) (Rabs a) 0.
Proof.
  intros [<- E]. split; [reflexivity|]. split; [apply is_linear_scal_l|]. intros y hy e.
  destruct E as [_ E]. specialize (E y hy e). revert E. apply filter_imp. intros t ht.
  unfold minus, plus, opp, scal, norm in *; simpl in *. unfold mult, abs in *; simpl in *.
  rewrite Rmult_0_r, Ropp_0, Rplus_0_r in *. eapply Rle_trans; [|exact ht]. apply Rabs_triang_inv2.
Qed.

(* (T) under sums: the velocity is the value plus an entropy, less a base measure. *)
Lemma tempers_Sum n (f : R -> nat -> R) a b :
  (forall i, (i < n)%nat -> moves (fun t => f t i) (a i) (a i + b i)) ->
  moves (fun t => Sum n (f t)) (Sum n a) (Sum n a + Sum n b).
Proof. intros h. rewrite <- Sum_plus. now apply moves_Sum. Qed.
Lemma tempers_scal c f a b : moves f a (a + b) -> moves (fun t => c * f t) (c * a) (c * a + c * b).
Proof. intros h. rewrite <- Rmult_plus_distr_l. now apply moves_scal. Qed.
Lemma tempers_Sum_base n (f : R -> nat -> R) a b c :
  (forall i, (i < n)%nat -> moves (fun t => f t i) (a i) (a i + (b i - c i))) ->
  moves (fun t => Sum n (f t)) (Sum n a) (Sum n a + (Sum n b - Sum n c)).
Proof. intros h. rewrite <- Sum_minus, <- Sum_plus. now apply moves_Sum. Qed.
Lemma tempers_scal_base c f a b d :
  moves f a (a + (b - d)) -> moves (fun t => c * f t) (c * a) (c * a + (c * b - c * d)).
Proof. intros h. replace (c * a + (c * b - c * d)) with (c * (a + (b - d))) by ring. now apply moves_scal. Qed.

(* The curves of parameters. *)
Lemma curve_exp b r : moves (fun t => b * exp (r * t)) b (r * b).
Proof.
  apply (moves_eq _ (b * exp (r * 0)) (b * (r * exp (r * 0)))).
  - split; [reflexivity|]. auto_derive; [trivial | ring].
  - rewrite Rmult_0_r, exp_0. ring.
  - rewrite Rmult_0_r, exp_0. ring.
Qed.
Lemma curve_line b v : moves (fun t => b + t * v) b v.
Proof.
  apply (moves_eq _ (b + 0 * v) v); [|ring|ring]. split; [reflexivity|]. auto_derive; [trivial | ring].
Qed.

(* Matrices move by multiples of themselves. *)
Lemma moves_exps n r : moves (fun t => exp (r * t) ^ n) 1 (INR n * r).
Proof.
  induction n as [|n IH]; [simpl pow; apply (moves_eq _ 1 0); [apply moves_const | reflexivity | simpl; ring]|].
  simpl pow. eapply moves_eq; [apply moves_mult; [|exact IH] | |].
  - apply (moves_ext (fun t => 1 * exp (r * t))); [intros; ring | apply curve_exp].
  - ring.
  - rewrite S_INR. ring.
Qed.
Lemma moves_logdet n det inverse (L : matrix_laws n det inverse) M_t M r :
  (forall t, M_t t = scaled (exp (r * t)) M) -> 0 < det M ->
  moves (fun t => ln (det (M_t t))) (ln (det M)) (INR n * r).
Proof.
  intros E h. apply (moves_ext (fun t => ln (exp (r * t) ^ n * det M))).
  { intros t. now rewrite E, (det_scaled _ _ _ L). }
  eapply moves_eq; [apply moves_ln; [|apply moves_scal_r, moves_exps]; lra | f_equal; ring | field; lra].
Qed.
Lemma moves_inverse n det inverse (L : matrix_laws n det inverse) M_t M r i j :
  (forall t, M_t t = scaled (exp (r * t)) M) ->
  moves (fun t => inverse (M_t t) i j) (inverse M i j) (- r * inverse M i j).
Proof.
  intros E. apply (moves_ext (fun t => inverse M i j * exp (- r * t))); [|apply curve_exp].
  intros t. rewrite E, (inverse_scaled _ _ _ L) by (apply Rgt_not_eq, exp_pos). unfold scaled.
  rewrite <- exp_Ropp. rewrite Rmult_comm. f_equal. f_equal. ring.
Qed.
Lemma moves_quad n det inverse (L : matrix_laws n det inverse) M_t M r v_t v :
  (forall t, M_t t = scaled (exp (r * t)) M) ->
  (forall i, (i < n)%nat -> moves (fun t => v_t t i) (v i) 0) ->
  moves (fun t => quad n (v_t t) (inverse (M_t t)) (v_t t)) (quad n v (inverse M) v) (- r * quad n v (inverse M) v).
Proof.
  intros E h. unfold quad. rewrite <- Sum_scal.
  apply (moves_Sum n (fun t i => Sum n (fun j => v_t t i * inverse (M_t t) i j * v_t t j))). intros i hi.
  rewrite <- Sum_scal. apply (moves_Sum n (fun t j => v_t t i * inverse (M_t t) i j * v_t t j)). intros j hj.
  eapply moves_eq.
  - apply (moves_mult (fun t => v_t t i * inverse (M_t t) i j)); [|apply h; exact hj].
    apply (moves_mult (fun t => v_t t i)); [apply h; exact hi | exact (moves_inverse _ _ _ L _ _ r i j E)].
  - reflexivity.
  - ring.
Qed.
Lemma scaled_scaled a b M : scaled a (scaled b M) = scaled (a * b) M.
Proof. unfold scaled. extensionality i. extensionality j. ring. Qed.

(* ---- the identity, once for all models --------------------------------------------------------- *)
(* For one law: the integrand J t of the objective has the velocity F - S - X in each outcome, where
   F is the integrand of the ELBO, S that of the entropy sum and X that of the excess; a penalty, a
   number, is subtracted. *)
Theorem identity {W} (E : law W) (J : R -> W -> R) (F S X : W -> R) (penalty : R -> R) (v d x : R) :
  (forall o, moves (fun t => J t o) (J 0 o) (F o - S o - X o + d)) ->
  moves penalty v d ->
  integrable E F -> integrable E S -> has_mean E X x ->
  interchange E J ->
  is_derive (fun t => expect E (J t) - penalty t) 0 (expect E F - expect E S - x).
Proof.
  intros T [_ P] f s X' I. unfold interchange in I.
  replace (fun o => Derive (fun t => J t o) 0) with (fun o => F o - S o - X o + d) in I
    by (extensionality o; symmetry; apply (moves_value _ _ _ (T o))).
  assert (M : expect E (fun o => F o - S o - X o + d) = expect E F - expect E S - x + d).
  { apply hm_expect.
    apply hm_plus; [|apply hm_const]. apply hm_minus; [|exact X'].
    apply hm_minus; now apply hm_self. }
  rewrite M in I.
  replace (expect E F - expect E S - x) with (expect E F - expect E S - x + d - d) by ring.
  now apply @is_derive_minus.
Qed.
Theorem plain_identity {W} (E : law W) (J : R -> W -> R) (F S : W -> R) :
  (forall o, moves (fun t => J t o) (J 0 o) (F o - S o)) ->
  integrable E F -> integrable E S -> interchange E J ->
  is_derive (fun t => expect E (J t)) 0 (expect E F - expect E S).
Proof.
  intros T f s I.
  pose proof (identity E J F S (fun _ => 0) (fun _ => 0) 0 0 0) as G.
  apply (is_derive_ext (fun t => expect E (J t) - 0)); [intros; apply Rminus_0_r|].
  replace (expect E F - expect E S) with (expect E F - expect E S - 0) by ring.
  apply G; try assumption.
  - intros o. apply (moves_eq _ _ _ _ _ (T o)); ring.
  - apply moves_const.
  - apply hm_const.
Qed.

(* ---- where the integrand separates, the derivative may be taken under the mean ------------------ *)
(* Along a curve on which f' = f - S, where S grows by k for each unit of t, f is known for all t. *)
Lemma shifted (f : R -> R) s d : is_derive (fun t => f (s + t)) 0 d -> is_derive f s d.
Proof.
  intros h. apply (is_derive_ext (fun t => f (s + (t - s)))); [intros; f_equal; ring|].
  replace d with (1 * d) by ring. apply (is_derive_comp (fun t => f (s + t)) (fun t => t - s) s d 1).
  - now replace (s - s) with 0 by ring.
  - auto_derive; [trivial | ring].
Qed.
Lemma constant (f : R -> R) : (forall t, is_derive f t 0) -> forall t, f t = f 0.
Proof.
  intros h t. destruct (Rtotal_order t 0) as [l | [-> | l]]; [|reflexivity|].
  - now apply (eq_is_derive f t 0); [intros; apply h|].
  - symmetry. now apply (eq_is_derive f 0 t); [intros; apply h|].
Qed.
Lemma known_for_all_t (f S : R -> R) k :
  (forall t : R, is_derive f t (f t - S t)) -> (forall t : R, is_derive S t k) ->
  forall t, f t = exp t * (f 0 - S 0 - k) + (S 0 + k * (1 + t)).
Proof.
  intros D e t.
  assert (L : forall t, S t = S 0 + k * t).
  { intros u. assert (C := constant (fun t => S t - k * t)). simpl in C.
    enough (S u - k * u = S 0 - k * 0) by lra. apply C. intros w.
    replace 0 with (k - k) by ring. apply @is_derive_minus; [apply e | auto_derive; [trivial | ring]]. }
  assert (C : exp (- t) * (f t - (S 0 + k * (1 + t))) = exp (- 0) * (f 0 - (S 0 + k * (1 + 0)))).
  { apply (constant (fun t => exp (- t) * (f t - (S 0 + k * (1 + t))))). intros u.
    pose proof (D u) as Du. rewrite L in Du. evar_last.
    - auto_derive; [eexists; exact Du | reflexivity].
    - replace (Derive (fun x : R => f x) u) with (f u - (S 0 + k * u)) by (symmetry; exact (is_derive_unique _ _ _ Du)). ring. }
  rewrite Ropp_0, exp_0 in C. rewrite exp_Ropp in C. pose proof (exp_pos t).
  apply (f_equal (Rmult (exp t))) in C. rewrite <- Rmult_assoc, Rinv_r in C by lra. lra.
Qed.
(* P is where parameters live: the curve goes on from each of its points, and stays in range. *)
Theorem separates {P W} (E : law W) (in_range : P -> Prop) (move : P -> R -> P) (F S : P -> W -> R) k :
  (forall p s t, move (move p s) t = move p (s + t)) ->
  (forall p t, in_range p -> in_range (move p t)) ->
  (forall p, in_range p -> forall o, moves (fun t => F (move p t) o) (F p o) (F p o - S p o)) ->
  (forall p, in_range p -> forall o, moves (fun t => S (move p t) o) (S p o) k) ->
  forall p, in_range p -> integrable E (F p) -> integrable E (S p) -> interchange E (fun t => F (move p t)).
Proof.
  intros flow stays T K p r iF iS.
  assert (known : forall t o, F (move p t) o = exp t * (F p o - S p o - k) + (S p o + k * (1 + t))).
  { intros t o. destruct (T p r o) as [F0 _], (K p r o) as [S0 _].
    rewrite <- F0, <- S0. revert t.
    apply (known_for_all_t (fun t => F (move p t) o) (fun t => S (move p t) o)); intros t; apply shifted;
      eapply is_derive_ext; try (intros u; rewrite <- flow; reflexivity); [apply T | apply K]; now apply stays. }
  assert (M : forall t, expect E (F (move p t)) = exp t * (expect E (F p) - expect E (S p) - k) + (expect E (S p) + k * (1 + t))).
  { intros t. replace (F (move p t)) with (fun o => exp t * (F p o - S p o - k) + (S p o + k * (1 + t)))
      by (extensionality o; symmetry; apply known).
    apply hm_expect, hm_plus; [apply hm_scal, hm_minus; [apply hm_minus|] | apply hm_plus]; try apply hm_const; now apply hm_self. }
  unfold interchange.
  replace (fun o => Derive (fun t : R => F (move p t) o) 0) with (fun o => F p o - S p o)
    by (extensionality o; symmetry; exact (moves_value _ _ _ (T p r o))).
  rewrite (hm_expect _ _ _ (hm_minus E _ _ _ _ (hm_self E _ iF) (hm_self E _ iS))).
  eapply is_derive_ext; [intros t; symmetry; apply M|].
  auto_derive; [trivial | rewrite exp_0; ring].
Qed.

(* ---- from the gradient to the curve ------------------------------------------------------------- *)
(* A stationary point of O: O is differentiable there and its gradient is 0, as seen by all that learning
   can reach: whatever eps > 0, near p it changes by at most eps times the distance. *)
Definition stationary {P} (in_range : P -> Prop) (distance : P -> P -> R) (O : P -> R) (p : P) : Prop :=
  forall eps, 0 < eps -> exists delta, 0 < delta /\
    forall q, in_range q -> distance p q < delta -> Rabs (O q - O p) <= eps * distance p q.
(* The distance grows at most as fast as |t|. *)
Definition slow (f : R -> R) : Prop := exists C, 0 < C /\ locally 0 (fun t => 0 <= f t <= C * Rabs t).
Lemma slow_plus f g : slow f -> slow g -> slow (fun t => f t + g t).
Proof.
  intros (C & c & h) (B & b & k). exists (C + B). split; [lra|].
  generalize (filter_and _ _ h k). apply filter_imp. intros t [i j]. lra.
Qed.
Lemma slow_zero : slow (fun _ => 0).
Proof. exists 1. split; [lra|]. apply filter_forall. intros t. pose proof (Rabs_pos t). lra. Qed.
Lemma slow_Sum n (f : R -> nat -> R) : (forall i, (i < n)%nat -> slow (fun t => f t i)) -> slow (fun t => Sum n (f t)).
Proof.
  induction n as [|n IH]; intros h; simpl; [apply slow_zero|]. apply (slow_plus (fun t => Sum n (f t)) (fun t => f t n)); auto with arith.
Qed.
Lemma slow_moves f v d : moves f v d -> slow (fun t => Rabs (f t - v)).
Proof.
  intros [<- h]. exists (Rabs d + 1). pose proof (Rabs_pos d). split; [lra|].
  apply is_derive_Reals in h. destruct (h 1 Rlt_0_1) as [delta near]. exists delta. intros t ht.
  change (Rabs (t - 0) < delta) in ht. rewrite Rminus_0_r in ht. split; [apply Rabs_pos|].
  destruct (Req_dec t 0) as [->|nz]; [rewrite Rminus_eq_0, Rabs_R0; lra|].
  specialize (near t nz ht). rewrite Rplus_0_l in near.
  replace (f t - f 0) with ((((f t - f 0) / t - d) + d) * t) by (field; exact nz).
  rewrite Rabs_mult. apply Rmult_le_compat_r; [apply Rabs_pos|].
  eapply Rle_trans; [apply Rabs_triang | lra].
Qed.
Theorem zero_along {P} (in_range : P -> Prop) (distance : P -> P -> R) (O : P -> R) (p : P) (curve : R -> P) :
  locally 0 (fun t => in_range (curve t)) -> slow (fun t => distance p (curve t)) ->
  stationary in_range distance O p -> is_derive (fun t => O (curve t)) 0 0.
Proof.
  intros near (C & c & small) z. apply is_derive_Reals. intros eps he.
  destruct (z (eps / (2 * C))) as (delta & hd & far); [apply Rdiv_lt_0_compat; lra|].
  pose proof (filter_and _ _ near small) as [eta both].
  assert (start : O (curve 0) = O p).
  { destruct (both 0 (ball_center 0 eta)) as [i j]. rewrite Rabs_R0, Rmult_0_r in j.
    specialize (far (curve 0) i). replace (distance p (curve 0)) with 0 in far by lra.
    specialize (far hd). rewrite Rmult_0_r in far. pose proof (Rabs_pos (O (curve 0) - O p)).
    assert (e : Rabs (O (curve 0) - O p) = 0) by lra. apply Rabs_eq_0 in e. lra. }
  assert (m : 0 < Rmin eta (delta / (2 * C))).
  { apply Rmin_glb_lt; [apply cond_pos | apply Rdiv_lt_0_compat; lra]. }
  exists (mkposreal _ m). simpl. intros t nz ht. rewrite Rplus_0_l, Rminus_0_r, start.
  assert (t1 : Rabs t < eta) by (eapply Rlt_le_trans; [exact ht | apply Rmin_l]).
  assert (t2 : Rabs t < delta / (2 * C)) by (eapply Rlt_le_trans; [exact ht | apply Rmin_r]).
  destruct (both t) as [i j]; [change (Rabs (t - 0) < eta); now rewrite Rminus_0_r|].
  assert (pos : 0 < Rabs t) by now apply Rabs_pos_lt.
  assert (d : distance p (curve t) < delta).
  { apply Rmult_lt_compat_l with (r := C) in t2; [|exact c].
    replace (C * (delta / (2 * C))) with (delta / 2) in t2 by (field; lra). lra. }
  specialize (far (curve t) i d).
  unfold Rdiv. rewrite Rabs_mult, Rabs_inv. apply (Rmult_lt_reg_r (Rabs t)); [exact pos|].
  rewrite Rmult_assoc, Rinv_l, Rmult_1_r by lra.
  eapply Rle_lt_trans; [exact far|]. eapply Rle_lt_trans.
  - apply Rmult_le_compat_l; [left; apply Rdiv_lt_0_compat; lra | apply j].
  - replace (eps / (2 * C) * (C * Rabs t)) with (eps * Rabs t / 2) by (field; lra).
    pose proof (Rmult_lt_0_compat _ _ he pos). lra.
Qed.

(* Ranges hold near p, where they hold at p. *)
Lemma near_all n (Q : nat -> R -> Prop) : (forall i, (i < n)%nat -> locally 0 (Q i)) -> locally 0 (fun t => forall i, (i < n)%nat -> Q i t).
Proof.
  induction n as [|n IH]; intros h; [apply filter_forall; intros; lia|].
  assert (a : locally 0 (fun t => forall i, (i < n)%nat -> Q i t)) by (apply IH; auto).
  generalize (filter_and _ _ a (h n (Nat.lt_succ_diag_r n))). apply filter_imp. intros t [i j] m hm.
  destruct (Nat.eq_dec m n) as [->|]; [exact j | apply i; lia].
Qed.
Lemma near_below f v d c : moves f v d -> v < c -> locally 0 (fun t => f t < c).
Proof.
  intros [<- h] l. assert (k : continuous f 0) by (apply @ex_derive_continuous; now exists d).
  exact (k _ (open_lt c (f 0) l)).
Qed.
Lemma near_positive f v d : moves f v d -> 0 < v -> locally 0 (fun t => 0 < f t).
Proof.
  intros [<- h] l. assert (k : continuous f 0) by (apply @ex_derive_continuous; now exists d).
  exact (k _ (open_gt 0 (f 0) l)).
Qed.
Lemma near_unit f v d : moves f v d -> 0 < v < 1 -> locally 0 (fun t => 0 < f t < 1).
Proof.
  intros m [a b]. apply filter_and; [eapply near_positive | eapply near_below]; eassumption.
Qed.
Lemma near_simplex n f a d : (forall i, (i < n)%nat -> moves (fun t => f t i) (a i) (d i)) ->
  (forall t, Sum n (f t) = Sum n a) -> simplex n a -> locally 0 (fun t => simplex n (f t)).
Proof.
  intros m e [pos one]. assert (near : locally 0 (fun t => forall i, (i < n)%nat -> 0 < f t i)).
  { apply near_all. intros i hi. apply (near_positive _ _ _ (m i hi)). auto. }
  revert near. apply filter_imp. intros t h. split; [exact h | now rewrite e].
Qed.
Lemma Sum_line n a v t : Sum n v = 0 -> Sum n (fun i => a i + t * v i) = Sum n a.
Proof. intros z. rewrite Sum_plus, Sum_scal, z. ring. Qed.
Lemma posdef_scaled n c M : 0 < c -> posdef n M -> posdef n (scaled c M).
Proof.
  intros h [s q]. split; [intros; unfold scaled; f_equal; auto|]. intros v nz.
  replace (quad n v (scaled c M) v) with (c * quad n v M v); [apply Rmult_lt_0_compat; auto|].
  unfold quad, scaled. rewrite <- Sum_scal. apply Sum_ext. intros. rewrite <- Sum_scal. apply Sum_ext. intros. ring.
Qed.
Lemma triangular_scaled n c M : 0 < c -> triangular n M -> triangular n (scaled c M).
Proof.
  intros h [z q]. split; intros; unfold scaled; [rewrite z by assumption; ring | apply Rmult_lt_0_compat; auto].
Qed.
(* Entropies change at a constant rate, size by size. *)
Lemma moves_steady n (f : R -> nat -> R) a c :
  (forall i, (i < n)%nat -> moves (fun t => f t i) (a i) c) -> moves (fun t => Sum n (f t)) (Sum n a) (INR n * c).
Proof. intros h. rewrite <- Sum_const. now apply moves_Sum. Qed.

(* From the formula of an entropy to -E log p: where the score D along the certificate has mean zero. *)
Lemma entropy_link {W} (L : law W) (D f : W -> R) H :
  (forall w, D w = f w + H) -> integrable L f -> expect L D = 0 -> H = - expect L f.
Proof.
  intros e i z. assert (M : has_mean L D (expect L f + H)).
  { apply (hm_ext L (fun w => f w + H)); [intros; symmetry; apply e|].
    apply hm_plus; [now apply hm_self | apply hm_const]. }
  pose proof (hm_expect _ _ _ M). lra.
Qed.
Lemma entropy_link_base {W} (L : law W) (D f b : W -> R) H :
  (forall w, D w = f w + (H - b w)) -> integrable L f -> integrable L b -> expect L D = 0 ->
  H = - (expect L f - expect L b).
Proof.
  intros e i j z. assert (M : has_mean L D (expect L f + (H - expect L b))).
  { apply (hm_ext L (fun w => f w + (H - b w))); [intros; symmetry; apply e|].
    apply hm_plus; [now apply hm_self | apply hm_minus; [apply hm_const | now apply hm_self]]. }
  pose proof (hm_expect _ _ _ M). lra.
Qed.

(* The mean over N points, spelled out. *)
Lemma joint_points {Z} N (HN : (0 < N)%nat) (q : nat -> law Z) (f : nat * Z -> R) :
  expect (joint (finite N HN) q) f = / INR N * Sum N (fun n => expect (q n) (fun z => f (n, z))).
Proof. reflexivity. Qed.

(* Of size 1 there are a determinant and an inverse that meet the laws. *)
Lemma laws_of_size_1 : matrix_laws 1 (fun M => M 0%nat 0%nat) (fun M _ _ => / M 0%nat 0%nat).
Proof.
  constructor; unfold scaled, matmul, transposed; simpl; intros; try ring.
  - extensionality i. extensionality j. destruct (Req_dec (M 0%nat 0%nat) 0) as [e|n].
    + rewrite e, Rmult_0_r, Rinv_0. ring.
    + field. now split.
  - destruct H as [_ h]. specialize (h (fun _ => 1)). unfold quad in h. simpl in h.
    assert (0 < 0 + (0 + 1 * M 0%nat 0%nat * 1)) by (apply h; exists 0%nat; split; [lia | lra]). lra.
  - apply H. lia.
Qed.
Lemma law_of_zero : derivative_law (fun _ => 0) (fun _ => 0).
Proof. intros a _. exact (@is_derive_const R_AbsRing R_NormedModule 0 a). Qed.
Lemma posdef_1 : posdef 1 (fun _ _ => 1).
Proof.
  split; [reflexivity|]. intros v [i [hi nz]]. replace i with 0%nat in nz by lia. unfold quad. simpl.
  assert (0 < v 0%nat * v 0%nat) by nra. lra.
Qed.
Lemma triangular_1 : triangular 1 (fun i j => if Nat.eq_dec i j then 1 else 0).
Proof. split; intros i; intros; [destruct (Nat.eq_dec i j) | destruct (Nat.eq_dec i i)]; try lia; lra. Qed.
Lemma onehot_1 : onehot 1 (fun _ => 1). Proof. split; simpl; intros; [now right | lra]. Qed.
Lemma simplex_1 : simplex 1 (fun _ => 1). Proof. split; simpl; intros; lra. Qed.
Lemma count_1 : count 1. Proof. now exists 1%nat. Qed.
Lemma binary_1 : binary 1. Proof. now right. Qed.
(* A premise about ranges, for values that are 1 (or 1/2, in the unit interval). *)
Ltac example := simpl; intros;
  first [ exact laws_of_size_1 | exact law_of_zero | exact posdef_1 | exact triangular_1 | exact onehot_1
        | exact simplex_1 | exact count_1 | exact binary_1 | lia | lra | split; lra ].

(* A tame law integrates every function and takes every derivative inside: one outcome for sure, N
   points, N points with finitely many draws each. *)
Definition tame {W} (E : law W) : Prop :=
  (forall f, integrable E f) /\
  (forall J, (forall o, exists v d, moves (fun t => J t o) v d) -> interchange E J).
Lemma tame_surely {W} (o : W) : tame (surely o).
Proof.
  split; [exact (fun _ => I)|]. intros J h. destruct (h o) as (v & d & m). unfold interchange. simpl.
  rewrite (moves_value _ _ _ m). apply m.
Qed.
Lemma tame_finite N (HN : (0 < N)%nat) : tame (finite N HN).
Proof.
  split; [exact (fun _ => I)|]. intros J h. unfold interchange. simpl. apply is_derive_scal.
  apply (moves_Sum N J (J 0) (fun n => Derive (fun t => J t n) 0)). intros n _.
  destruct (h n) as (v & d & m). rewrite (moves_value _ _ _ m). split; [reflexivity | apply m].
Qed.
Lemma tame_joint {W Z} (data : law W) (q : W -> law Z) :
  tame data -> (forall n, tame (q n)) -> tame (joint data q).
Proof.
  intros [a b] h. split; [split; intros; [apply h | apply a]|]. intros J m. unfold interchange. simpl.
  assert (e : forall n, is_derive (fun t => expect (q n) (fun z => J t (n, z))) 0
    (expect (q n) (fun z => Derive (fun t => J t (n, z)) 0))).
  { intros n. apply (proj2 (h n) (fun t z => J t (n, z))). intros z. apply m. }
  replace (fun n => expect (q n) (fun z => Derive (fun t => J t (n, z)) 0))
    with (fun n => Derive (fun t => expect (q n) (fun z => J t (n, z))) 0)
    by (extensionality n; apply is_derive_unique, e).
  apply b. intros n. exists (expect (q n) (fun z => J 0 (n, z))), (expect (q n) (fun z => Derive (fun t => J t (n, z)) 0)).
  split; [reflexivity | apply e].
Qed.

(* ---- tactics ------------------------------------------------------------------------------------ *)
Lemma softplus_pos u : 0 < softplus u.
Proof. unfold softplus. rewrite <- ln_1. apply ln_increasing; [lra | pose proof (exp_pos u); lra]. Qed.
Lemma sigmoid_pos u : 0 < sigmoid u.
Proof. apply Rdiv_lt_0_compat; [apply exp_pos | apply one_exp_pos]. Qed.
Lemma Rpower_pos a q : 0 < Rpower a q. Proof. apply exp_pos. Qed.

Ltac positive :=
  lazymatch goal with
  | |- _ <> 0 => apply Rgt_not_eq; unfold Rgt; positive
  | |- 0 < _ => first [ solve [assumption] | solve [eauto 3] | positive_by_shape | solve [lra] ]
  | |- 0 <= _ ^ 2 => apply pow2_ge_0
  | |- 0 <= _ => first [ solve [assumption] | solve [eauto 3 using count_nonneg] | solve [left; positive]
      | apply Rmult_le_pos; positive ]
  | |- _ /\ _ => split; positive
  | |- True => exact I
  end
with positive_by_shape :=
  lazymatch goal with
  | |- 0 < _ * _ => apply Rmult_lt_0_compat; positive
  | |- 0 < _ / _ => apply Rdiv_lt_0_compat; positive
  | |- 0 < _ + _ => first
      [ apply Rplus_lt_0_compat; positive | apply Rplus_le_lt_0_compat; positive | apply Rplus_lt_le_0_compat; positive ]
  | |- 0 < / _ => apply Rinv_0_lt_compat; positive
  | |- 0 < exp _ => apply exp_pos
  | |- 0 < PI => exact PI_RGT_0
  | |- 0 < softplus _ => apply softplus_pos
  | |- 0 < sigmoid _ => apply sigmoid_pos
  | |- 0 < sqrt _ => apply sqrt_lt_R0; positive
  | |- 0 < Rpower _ _ => apply Rpower_pos
  | |- 0 < _ ^ _ => apply pow_lt; positive
  | |- 0 < Sum _ _ => apply Sum_pos; [solve [assumption | auto | eauto 2 using onehot_size, simplex_size] | intros; cbv beta; positive]
  | |- 0 < INR _ => apply lt_0_INR; solve [assumption | auto]
  end.

(* What is known to move, by name; each printed file says it anew. *)
Ltac known := fail.

(* moves f ?v ?d, by the shape of f. *)
Ltac velocity_of := cbv beta;
  lazymatch goal with
  | |- moves (fun _ => ?c) _ _ => exact (moves_const c)
  | |- moves ?f _ _ => first [ known | eassumption
      | match goal with H : _ |- _ => eapply H; eassumption end | velocity_by_shape ]
  end
with velocity_by_shape :=
  lazymatch goal with
  | |- moves (fun t => t) _ _ => exact moves_id
  | |- moves (fun t => @?f t + @?g t) _ _ => eapply (moves_plus f g); velocity_of
  | |- moves (fun t => @?f t - @?g t) _ _ => eapply (moves_minus f g); velocity_of
  | |- moves (fun t => @?f t * @?g t) _ _ =>
      lazymatch f with
      | (fun _ => ?c) => eapply (moves_scal c g); velocity_of
      | _ => lazymatch g with
        | (fun _ => ?c) => eapply (moves_scal_r c f); velocity_of
        | _ => eapply (moves_mult f g); velocity_of end end
  | |- moves (fun t => - @?f t) _ _ => eapply (moves_opp f); velocity_of
  | |- moves (fun t => / @?f t) _ _ => eapply (moves_inv f); cycle 1; [velocity_of | positive]
  | |- moves (fun t => @?f t / @?g t) _ _ => eapply (moves_div f g); cycle 1; [velocity_of | velocity_of | positive]
  | |- moves (fun t => @?f t ^ 2) _ _ => eapply (moves_square f); velocity_of
  | |- moves (fun t => @?f t ^ S ?n) _ _ => eapply (moves_pow n f); velocity_of
  | |- moves (fun t => exp (@?f t)) _ _ => eapply (moves_exp f); velocity_of
  | |- moves (fun t => ln (@?f t)) _ _ => eapply (moves_ln f); cycle 1; [velocity_of | positive]
  | |- moves (fun t => sqrt (@?f t)) _ _ => eapply (moves_sqrt f); cycle 1; [velocity_of | positive]
  | |- moves (fun t => Rpower (@?f t) ?q) _ _ => eapply (moves_Rpower q f); cycle 1; [velocity_of | positive]
  | |- moves (fun t => softplus (@?f t)) _ _ => eapply (moves_softplus f); velocity_of
  | |- moves (fun t => sigmoid (@?f t)) _ _ => eapply (moves_sigmoid f); velocity_of
  | |- moves (fun t => logsinhc (@?f t)) _ _ => eapply (moves_logsinhc f); cycle 1; [velocity_of | positive]
  | |- moves (fun t => Rabs (@?f t)) _ _ =>
      eapply (moves_abs f); eapply moves_eq; [velocity_of | reflexivity | ring]
  | |- moves (fun t => Sum ?n (@?f t)) _ _ => eapply (moves_Sum n f); intros; velocity_of
  | L : matrix_laws _ _ ?inverse |- moves (fun t => quad _ (@?v t) (?inverse (@?M t)) _) _ _ =>
      eapply (moves_quad _ _ _ L M _ _ v); [eassumption | intros; eapply moves_eq; [velocity_of | reflexivity | ring]]
  | L : derivative_law ?F ?G |- moves (fun t => ?F (@?f t)) _ _ =>
      eapply (moves_law F G f _ _ L); cycle 1; [velocity_of | positive]
  end.

(* Down to the family, where each argument has the velocity of the certificate. *)
Ltac tempers lemma := cbv beta;
  lazymatch goal with
  | |- moves (fun t => Sum ?n (@?f t)) _ (_ + (Sum _ _ - Sum _ _)) => apply (tempers_Sum_base n f); intros; tempers lemma
  | |- moves (fun t => Sum ?n (@?f t)) _ _ => apply (tempers_Sum n f); intros; tempers lemma
  | |- moves (fun t => @?c t * @?f t) _ (_ + (_ * _ - _ * _)) =>
      lazymatch c with (fun _ => ?c) => apply (tempers_scal_base c f); tempers lemma end
  | |- moves (fun t => @?c t * @?f t) _ _ =>
      lazymatch c with (fun _ => ?c) => apply (tempers_scal c f); tempers lemma end
  | _ => lemma
  end.

(* Sums and logarithms spelled out: e = ?r, where r becomes a sum of products of what cannot be
   spelled out further; what a sum's index does not name stands before the sum. *)
Lemma ln_quotient a b : 0 < a -> 0 < b -> ln (a / b) = ln a + - ln b.
Proof. intros. unfold Rdiv. rewrite ln_mult, ln_Rinv; auto. now apply Rinv_0_lt_compat. Qed.
Lemma ln_power a n : 0 < a -> ln (a ^ n) = INR n * ln a.
Proof.
  intros h. induction n as [|n IH]; [simpl; rewrite ln_1; ring|].
  rewrite S_INR. simpl pow. rewrite ln_mult, IH; [ring | assumption | now apply pow_lt].
Qed.
Lemma ln_square a : 0 < a -> ln (a ^ 2) = 2 * ln a.
Proof. intros h. rewrite ln_power by assumption. simpl. ring. Qed.
Lemma ln_sqrt a : 0 < a -> ln (sqrt a) = / 2 * ln a.
Proof.
  intros h. rewrite <- (sqrt_sqrt a) at 2 by lra. rewrite ln_mult by (now apply sqrt_lt_R0). field.
Qed.
Lemma ln_Rpower a q : ln (Rpower a q) = q * ln a. Proof. unfold Rpower. apply ln_exp. Qed.
Lemma eq_plus (a b c d : R) : a = c -> b = d -> a + b = c + d. Proof. congruence. Qed.
Lemma eq_mult (a b c d : R) : a = c -> b = d -> a * b = c * d. Proof. congruence. Qed.
Lemma eq_opp (a b : R) : a = b -> - a = - b. Proof. congruence. Qed.
Lemma eq_inv (a b : R) : a = b -> / a = / b. Proof. congruence. Qed.
Lemma eq_pow n (a b : R) : a = b -> a ^ n = b ^ n. Proof. congruence. Qed.
Lemma distr_l a b c r : a * c + b * c = r -> (a + b) * c = r. Proof. intros <-. ring. Qed.
Lemma distr_r a b c r : a * b + a * c = r -> a * (b + c) = r. Proof. intros <-. ring. Qed.
Lemma opp_plus a b r : - a + - b = r -> - (a + b) = r. Proof. intros <-. ring. Qed.

Ltac distribute := (* a product or an opposite of what is spelled out = ?r *)
  lazymatch goal with
  | |- (_ + _) * _ = _ => apply distr_l; eapply eq_plus; distribute
  | |- _ * (_ + _) = _ => apply distr_r; eapply eq_plus; distribute
  | |- - (_ + _) = _ => apply opp_plus; eapply eq_plus; distribute
  | |- _ => reflexivity
  end.
Ltac constant_part body := (* (c, g) with body i = c * g i; (c, tt) where g is 1, (tt, g) where c is *)
  lazymatch body with
  | (fun _ => ?c) => constr:((c, tt))
  | (fun i => @?f i * @?g i) =>
      let a := constant_part f in let b := constant_part g in
      lazymatch a with (?c1, ?g1) => lazymatch b with (?c2, ?g2) =>
        let c := times c1 c2 in
        let g := lazymatch g1 with tt => g2 | _ => lazymatch g2 with tt => g1 | _ =>
          let g := eval cbv beta in (fun i : nat => g1 i * g2 i) in g end end in
        constr:((c, g)) end end
  | (fun i => - @?f i) =>
      let a := constant_part f in
      lazymatch a with (?c1, ?g1) => let c := times (-1) c1 in constr:((c, g1)) end
  | _ => constr:((tt, body))
  end
with times a b := lazymatch a with tt => b | _ => lazymatch b with tt => a | _ => constr:(a * b) end end.
(* Sum n f = ?r, where the entries are known to sum to 1. *)
Ltac unit_sum := first [ eapply onehot_sum; solve [eauto 3] | eapply simplex_sum; solve [eauto 3] ].
Ltac pull := (* Sum n f = ?r, f spelled out *)
  lazymatch goal with
  | |- Sum ?n (fun i => @?f i + @?g i) = _ => eapply eq_trans; [apply (Sum_plus n f g) | eapply eq_plus; pull]
  | |- Sum ?n (fun _ => ?c) = _ => apply Sum_const
  | |- Sum ?n ?f = _ =>
      let a := constant_part f in
      lazymatch a with
      | (tt, ?g) => first [ unit_sum | reflexivity ]
      | (?c, tt) => apply Sum_const
      | (?c, ?g) => eapply eq_trans;
          [ apply (Sum_pulled n f c g); intros; cbv beta; ring
          | eapply eq_mult; [reflexivity | first [ unit_sum | reflexivity ]] ]
      end
  end.
Ltac spell := cbv beta;
  lazymatch goal with
  | |- _ + _ = _ => eapply eq_plus; spell
  | |- _ - _ = _ => unfold Rminus; spell
  | |- _ / _ = _ => unfold Rdiv; spell
  | |- - _ = _ => eapply eq_trans; [eapply eq_opp; spell | distribute]
  | |- _ * _ = _ => eapply eq_trans; [eapply eq_mult; spell | distribute]
  | |- / _ = _ => eapply eq_inv; spell

  | |- _ ^ _ = _ => eapply eq_pow; spell
  | |- ln (_ * _) = _ => eapply eq_trans; [apply ln_mult; positive | eapply eq_plus; spell]
  | |- ln (_ / _) = _ => eapply eq_trans; [apply ln_quotient; positive | eapply eq_plus; spell]
  | |- ln (/ _) = _ => eapply eq_trans; [apply ln_Rinv; positive | spell]
  | |- ln (_ ^ 2) = _ => eapply eq_trans; [apply ln_square; positive | spell]
  | |- ln (_ ^ _) = _ => eapply eq_trans; [apply ln_power; positive | spell]
  | |- ln (sqrt _) = _ => eapply eq_trans; [apply ln_sqrt; positive | spell]
  | |- ln (Rpower _ _) = _ => eapply eq_trans; [apply ln_Rpower | spell]
  | |- ln (exp _) = _ => eapply eq_trans; [apply ln_exp | spell]
  | |- ln 1 = _ => exact ln_1
  | |- Sum _ _ = _ => eapply eq_trans; [apply Sum_ext; intros; spell | cbv beta; pull]
  | L : derivative_law ?F ?G |- ?F ?u = _ => try (progress ring_simplify u); reflexivity
  | L : derivative_law ?F ?G |- ?G ?u = _ => try (progress ring_simplify u); reflexivity
  | |- _ => reflexivity
  end.
(* Two sums are the same if their bodies are, up to the order of products; so are two values of a
   function of which the derivative alone is known. *)
Ltac alike f g word :=
  lazymatch f with
  | context [word] => lazymatch g with context [word] => idtac end
  | _ => lazymatch g with context [word] => fail | _ => idtac end
  end.
Ltac calls := repeat match goal with
  | L : derivative_law ?F ?G |- context [?F ?u] => match goal with |- context [F ?v] =>
      lazymatch u with v => fail | _ => replace (F u) with (F v) by (f_equal; ring) end end
  | L : derivative_law ?F ?G |- context [?G ?u] => match goal with |- context [G ?v] =>
      lazymatch u with v => fail | _ => replace (G u) with (G v) by (f_equal; ring) end end
  end.
(* Makes sums over the same indices one, where `by_body` shows that their bodies are equal. *)
Ltac pair_sums by_body :=
  repeat match goal with |- context [Sum ?n ?f] => match goal with |- context [Sum n ?g] =>
    lazymatch f with g => fail | _ => idtac end;
    alike f g ln; alike f g exp; alike f g sigmoid; alike f g softplus; alike f g Sum;
    lazymatch goal with L : derivative_law ?F ?G |- _ => alike f g F; alike f g G | _ => idtac end;
    replace (Sum n f) with (Sum n g) by (apply Sum_ext; intros; cbv beta; by_body) end end.
Ltac same := calls; first
  [ reflexivity | solve [ring]
  | lazymatch goal with |- context [/ _] => solve [field; repeat split; positive] end
  | lazymatch goal with |- Sum _ _ = Sum _ _ => apply Sum_ext; intros; cbv beta; same end
  | progress match_sums; ring ]
with match_sums := pair_sums ltac:(solve [ring]); pair_sums same.
Ltac quotients := first [ ring | field; repeat split; positive ].
(* Sums that are 1, because what is summed is one-hot or on a simplex. *)
Ltac units := repeat match goal with
  | H : onehot ?n ?c |- context [Sum ?n ?g] =>
      replace (Sum n g) with 1 by (rewrite <- (onehot_sum n c H); apply Sum_ext; intros; cbv beta; quotients)
  | H : simplex ?n ?c |- context [Sum ?n ?g] =>
      replace (Sum n g) with 1 by (rewrite <- (simplex_sum n c H); apply Sum_ext; intros; cbv beta; quotients)
  end.
Ltac atoms := repeat match goal with |- context [Sum ?k ?f] => let a := fresh in set (a := Sum k f) in *; clearbody a end.
(* An equation of sums, products, quotients and logarithms. *)
Ltac algebra := first
  [ reflexivity | solve [ring]
  | solve [ eapply eq_trans; [spell | apply eq_sym; eapply eq_trans; [spell | apply eq_sym]];
            units; calls; pair_sums ltac:(solve [ring]);
            first [ solve [ring] | solve [field; repeat split; positive]
              | pair_sums same; first [ring | solve [field; repeat split; positive] | atoms; field; repeat split; positive] ] ] ].
(* The velocity of an argument is the one that is asked for. *)
Ltac velocity := intros; cbv beta; eapply moves_eq; [velocity_of | first [reflexivity | algebra] | algebra].
(* has_mean, by the shape of the integrand; leaves are the premises. *)
Ltac means := cbv beta;
  first [ apply hm_const | solve [apply hm_self; eassumption] | means_by_shape ]
with means_by_shape :=
  lazymatch goal with
  | |- has_mean _ (fun o => @?f o + @?g o) _ => eapply (hm_plus _ f g); means
  | |- has_mean _ (fun o => @?f o - @?g o) _ => eapply (hm_minus _ f g); means
  | |- has_mean _ (fun o => - @?f o) _ => eapply (hm_opp _ f); means
  | |- has_mean _ (fun o => @?f o * @?g o) _ =>
      lazymatch f with
      | (fun _ => ?c) => eapply (hm_scal _ c g); means
      | _ => lazymatch g with (fun _ => ?c) => eapply (hm_scal_r _ c f); means end end
  | |- has_mean _ (fun o => @?f o / @?g o) _ =>
      lazymatch g with (fun _ => ?c) => eapply (hm_scal_r _ (/ c) f); means end
  end.
(* A matrix along the curve is a multiple of itself: by the products, inverses and multiples in it. *)
Ltac unfold_curve := idtac. (* each printed file says anew what the parameters are along the curve *)
Ltac scales_matrix := intros; unfold_curve;
  first [ reflexivity
    | match goal with L : matrix_laws _ _ ?inverse |- ?inverse (scaled _ _) = _ =>
        rewrite (inverse_scaled _ _ _ L) by (apply Rgt_not_eq, exp_pos) end;
      f_equal; rewrite <- exp_Ropp; f_equal; ring
    | let i := fresh in let j := fresh in extensionality i; extensionality j;
      unfold scaled, matmul, transposed; rewrite <- ?Sum_scal; try (apply Sum_ext; intros); cancel_matrix ]
with cancel_matrix := cbv beta;
  first [ ring
    | match goal with |- context [exp (?a * ?t)] => match goal with |- context [exp (?b * t)] =>
        lazymatch a with b => fail | _ => idtac end;
        replace (exp (a * t)) with (exp (b * t) * exp (b * t)) by (rewrite <- exp_plus; f_equal; field) end end; ring ].
Ltac det_pos :=
  match goal with L : matrix_laws _ ?det _ |- 0 < ?det _ => first
    [ solve [eapply (det_posdef _ _ _ L); eauto 3] | solve [eapply (det_triangular _ _ _ L); eauto 3]
    | rewrite (det_scaled _ _ _ L); apply Rmult_lt_0_compat; [apply pow_lt; positive | det_pos]
    | rewrite (det_product _ _ _ L); apply Rmult_lt_0_compat; det_pos
    | rewrite (det_transposed _ _ _ L); det_pos
    | rewrite (det_inverse _ _ _ L); [apply Rinv_0_lt_compat; det_pos | apply Rgt_not_eq; unfold Rgt; det_pos] ] end.
(* What a family asks of an argument: its velocity, or where it lies. *)
Ltac argument := intros; cbv beta;
  lazymatch goal with
  | |- moves _ _ _ => velocity
  | |- _ = scaled _ _ => scales_matrix
  | |- forall _, _ => intros; argument
  | |- matrix_laws _ _ _ => assumption
  | |- _ => first [ solve [eauto 3] | det_pos | positive ]
  end.
(* (T) for a latent and its factor of q: both sums are over the same indices. *)
Ltac merged := first
  [ solve [ rewrite <- ?Sum_scal, <- ?Sum_plus; repeat (apply Sum_ext; intros; cbv beta; rewrite <- ?Sum_plus); algebra ]
  | algebra ].

(* a t = exp q * a 0, by the shape of a. *)
Lemma scale_sqrt a b q : a = exp (q + q) * b -> sqrt a = exp q * sqrt b.
Proof.
  intros ->. rewrite exp_plus, sqrt_mult_alt by (left; apply Rmult_lt_0_compat; apply exp_pos).
  rewrite sqrt_square; [reflexivity | left; apply exp_pos].
Qed.
Lemma scale_square a b q : a = exp (q / 2) * b -> a ^ 2 = exp q * b ^ 2.
Proof. intros ->. replace q with (q / 2 + q / 2) at 2 by field. rewrite exp_plus. ring. Qed.
Ltac exponents := first [ ring | field; repeat split; positive ].
Ltac scales := cbv beta;
  lazymatch goal with
  | |- 0 = _ => ring
  | |- _ + _ = exp _ * (_ + _) => rewrite Rmult_plus_distr_l; apply eq_plus; scales
  | |- Sum _ _ = exp _ * Sum _ _ => rewrite <- Sum_scal; apply Sum_ext; intros; scales
  | |- sqrt _ = exp _ * sqrt _ => apply scale_sqrt; scales
  | |- _ ^ 2 = exp _ * _ ^ 2 => apply scale_square; scales
  | |- exp _ = exp _ * exp _ => rewrite <- exp_plus; f_equal; exponents
  | |- ?b * exp _ = exp _ * ?b => rewrite Rmult_comm; f_equal; f_equal; exponents
  | |- ?a * ?b = exp ?q * (?a * ?c) => transitivity (a * (exp q * c)); [f_equal; scales | ring]
  | |- ?a * ?b = exp ?q * (?c * ?b) => transitivity ((exp q * c) * b); [f_equal; scales | ring]
  end.

(* What a network reads is the same all along the curve; `unfolded` spells the curve out. *)
Ltac cancel := first [ reflexivity | ring
  | match goal with |- context [exp ?a] => match goal with |- context [exp ?b] =>
      lazymatch a with b => fail | _ => idtac end;
      replace (exp b) with (/ exp a) by (rewrite <- exp_Ropp; f_equal; exponents) end end;
    field; repeat split; positive ].
Ltac stands_still unfolded := cbv beta; first
  [ reflexivity | solve [unfolded; cancel]
  | lazymatch goal with
    | |- (fun _ => _) = _ => let i := fresh in extensionality i; stands_still unfolded
    | |- Sum _ _ = Sum _ _ => apply Sum_ext; intros; stands_still unfolded
    | |- _ => f_equal; stands_still unfolded
    end ].

(* Two points of the curve are the same, field by field. *)
Ltac same_point := cbv beta; first
  [ reflexivity
  | let i := fresh in extensionality i; same_point
  | unfold scaled; rewrite ?Rmult_plus_distr_l, ?exp_plus; ring ].
(* A range holds all along the curve. *)
Ltac stays := intros; first
  [ assumption | solve [eauto 4] | solve [positive]
  | apply Rmult_le_pos; [solve [eauto 4] | left; apply exp_pos]
  | apply posdef_scaled; [apply exp_pos | assumption]
  | apply triangular_scaled; [apply exp_pos | assumption] ].
(* The distance grows as fast as the entries move. *)
Ltac grows := cbv beta;
  lazymatch goal with
  | |- slow (fun t => @?f t + @?g t) => apply (slow_plus f g); grows
  | |- slow (fun t => Sum ?n (@?f t)) => apply (slow_Sum n f); intros; grows
  | |- slow (fun t => Rabs (@?f t - ?v)) => eapply (slow_moves f v); first [solve [velocity_of] | unfold_curve; unfold scaled; eapply moves_eq; [velocity_of | rewrite ?Rmult_0_r, ?exp_0; ring | reflexivity]]
  end.
(* A range holds near p, where it holds at p. *)
Ltac near_range lemma :=
  lazymatch goal with
  | |- locally 0 (fun t => forall i, (i < ?n)%nat -> @?Q t i) =>
      apply (near_all n (fun i t => Q t i)); intros; near_range lemma
  | |- _ => eapply lemma; [velocity_of | stays]
  end.
Ltac near_rows :=
  lazymatch goal with
  | |- locally 0 (fun t => forall i, (i < ?n)%nat -> @?Q t i) =>
      apply (near_all n (fun i t => Q t i)); intros; near_rows
  | |- _ => eapply near_simplex; [intros; velocity_of | intros; unfold_curve; sum_of_line | stays]
  end
with sum_of_line :=
  lazymatch goal with |- Sum ?n (fun i => @?a i + ?t * @?v i) = _ => apply (Sum_line n a v t); cbv beta; algebra end.
(* Sums of what moves at a constant rate. *)
Ltac steady lemma := cbv beta;
  lazymatch goal with
  | |- moves (fun t => Sum ?n (@?f t)) _ (INR ?n * _) => apply (moves_steady n f); intros; steady lemma
  | _ => lemma
  end.

Lemma at_start (f : R -> R) v d : moves f v d -> moves f (f 0) d.
Proof. now intros [_ h]. Qed.
Lemma derives_as (f : R -> R) a b : a = b -> is_derive f 0 a -> is_derive f 0 b. Proof. now intros <-. Qed.
Lemma theorem_of_plain (O : R -> R) F S C : is_derive O 0 (F - S) -> S = C ->
  is_derive O 0 (F - S) /\ S = C /\ (is_derive O 0 0 -> F = C).
Proof.
  intros G <-. split; [assumption | split; [reflexivity|]]. intros Z.
  pose proof (is_derive_unique _ _ _ G). pose proof (is_derive_unique _ _ _ Z). lra.
Qed.
Lemma theorem_of (O : R -> R) F S X C : is_derive O 0 (F - S - X) -> S + X = C ->
  is_derive O 0 (F - (S + X)) /\ S + X = C /\ (is_derive O 0 0 -> F = C).
Proof.
  intros G e. apply theorem_of_plain; [|assumption]. replace (F - (S + X)) with (F - S - X) by ring. assumption.
Qed.
Ltac plain_means := repeat match goal with
  |- context [expect ?E (fun o => ?f o)] => progress change (expect E (fun o => f o)) with (expect E f) end.
