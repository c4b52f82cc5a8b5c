(* vae0, the VAE with a fixed variance: an explicit counter-example. Networks are functions that are
   given, here 0; the parameters W, V, c and u learn. At c = 0 and u = 0 the ELBO stands still along every
   curve of the learned parameters, and yet it differs from the entropy sum by 1/2 - v / (2 s): so no
   direction of theirs gives the identity, unless v = s. Needs vae0.v, as it is printed.

   coqc EntropySum.v && coqc vae0.v && coqc FixedVariance.v *)
From Coq Require Import Reals Lra Lia FunctionalExtensionality.
From Coquelicot Require Import Coquelicot.
Require Import EntropySum vae0.
Open Scope R_scope.
Set Default Timeout 120.

Section fixed_variance.
(* All sizes are 1, all networks are constantly 0; the noise has mean 0 and variance 1, the data the
   second moment v, and the variance of the decoder is s. *)
Variables (outcome : Type) (E : law outcome) (x eps : outcome -> nat -> R) (s v : R).
Hypothesis fixed : 0 < s.
Hypothesis noise_mean : has_mean E (fun o => eps o 0%nat) 0.
Hypothesis noise_square : has_mean E (fun o => eps o 0%nat ^ 2) 1.
Hypothesis data_square : has_mean E (fun o => x o 0%nat ^ 2) v.
Definition zero : (nat -> R) -> nat -> R := fun _ _ => 0.
Definition value (p : parameters) : R := ELBO 1 1 1 zero zero zero outcome E x eps p.
Definition entropies_at (p : parameters) : R := entropy_sum 1 1 1 zero zero zero outcome E x eps p.

Lemma value_is p : 0 < sigma2 p -> value p =
  1 / 2 - 1 / 2 * ln (2 * PI * sigma2 p) + 1 / 2 * ln 2 + 1 / 2 * ln PI - 1 / 2 * ln (2 * PI * 1)
  + 1 / 2 * u p 0%nat - 1 / 2 * (c p 0%nat ^ 2 + exp (u p 0%nat)) - 1 / 2 / sigma2 p * v.
Proof.
  intros h. unfold value, ELBO. apply hm_expect.
  apply (hm_ext E (fun o =>
    (1 / 2 - 1 / 2 * ln (2 * PI * sigma2 p) + 1 / 2 * ln 2 + 1 / 2 * ln PI - 1 / 2 * ln (2 * PI * 1)
     + 1 / 2 * u p 0%nat - 1 / 2 * c p 0%nat ^ 2)
    + (- (c p 0%nat * sqrt (exp (u p 0%nat)))) * eps o 0%nat
    + (- (1 / 2 * exp (u p 0%nat))) * eps o 0%nat ^ 2
    + (- (1 / 2 / sigma2 p)) * x o 0%nat ^ 2)).
  - intros o. unfold elbo, H_encoder, log_prior, log_decoder, Normal_entropy, Normal_logpdf, z, zero.
    cbn [Sum]. rewrite !Rmult_0_r, !Rplus_0_l, !Rplus_0_r, ln_exp.
    assert (e : exp (u p 0%nat) = sqrt (exp (u p 0%nat)) ^ 2)
      by (simpl; rewrite Rmult_1_r, sqrt_sqrt; [reflexivity | left; apply exp_pos]).
    set (q := sqrt (exp (u p 0%nat))) in *. rewrite e. field. apply Rgt_not_eq. assumption.
  - eapply hm_eq; [apply hm_plus; [apply hm_plus; [apply hm_plus; [apply hm_const|]|]|]; apply hm_scal; eassumption|].
    field. apply Rgt_not_eq. exact h.
Qed.

(* Along every curve of the learned parameters through c = 0, u = 0 the ELBO stands still, *)
Theorem stands_still_along_every_curve (P : R -> parameters) (dc du : R) :
  (forall t, sigma2 (P t) = s) ->
  moves (fun t : R => c (P t) 0%nat) 0 dc -> moves (fun t : R => u (P t) 0%nat) 0 du ->
  is_derive (fun t : R => value (P t)) 0 0.
Proof.
  intros fs mc mu.
  assert (m : exists w d, moves (fun t : R => value (P t)) w d /\ d = 0).
  { eexists. eexists. split.
    - eapply moves_ext; [intros t; symmetry; rewrite value_is by (rewrite fs; exact fixed); rewrite fs; reflexivity|]. velocity_of.
    - rewrite exp_0. ring. }
  destruct m as (w & d & [_ m] & ->). exact m.
Qed.

(* but it is not the entropy sum there, unless v = s: no direction can make up for this gap. *)
Theorem gap_of_fixed_variance p : sigma2 p = s -> c p 0%nat = 0 -> u p 0%nat = 0 ->
  value p - entropies_at p = 1 / 2 - v / (2 * s).
Proof.
  intros es ec eu. rewrite value_is by (rewrite es; exact fixed); rewrite es, ec, eu, exp_0. unfold entropies_at, entropy_sum.
  replace (entropies 1 1 1 zero zero zero outcome x eps p) with (fun _ : outcome =>
    - (1 / 2 + 1 / 2 * ln 2 + 1 / 2 * ln PI + 1 / 2 * ln s)).
  - rewrite (hm_expect _ _ _ (hm_const E _)). rewrite !ln_mult; try positive; try (pose proof PI_RGT_0; lra). rewrite ln_1. field. lra.
  - extensionality o. unfold entropies, H_encoder, H_prior, H_decoder, Normal_entropy, zero. cbn [Sum].
    rewrite ?Rmult_0_r, ?Rplus_0_l, ?Rplus_0_r, es, eu, ln_1. rewrite ?ln_exp. field.
Qed.

(* So no direction of the learned parameters has the derivative that the identity asks for. *)
Theorem no_direction (P : R -> parameters) (dc du : R) : v <> s ->
  (forall t, sigma2 (P t) = s) ->
  moves (fun t : R => c (P t) 0%nat) 0 dc -> moves (fun t : R => u (P t) 0%nat) 0 du ->
  ~ is_derive (fun t : R => value (P t)) 0 (value (P 0) - entropies_at (P 0)).
Proof.
  intros out fs mc mu identity. pose proof (proj1 mc). pose proof (proj1 mu).
  apply is_derive_unique in identity.
  rewrite (is_derive_unique _ _ _ (stands_still_along_every_curve P dc du fs mc mu)) in identity.
  rewrite (gap_of_fixed_variance (P 0) (fs 0)) in identity by assumption.
  apply out. apply (Rmult_eq_reg_r (/ (2 * s))); [|apply Rinv_neq_0_compat; lra].
  replace (s * / (2 * s)) with (1 / 2) by (field; lra). unfold Rdiv in identity. lra.
Qed.
End fixed_variance.
Print Assumptions no_direction.
