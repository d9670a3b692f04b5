/*
 * test_sms_text.c
 *	  Messages about money: what each form says, and what is in none.
 */
#include "features/sms_text.h"

#include <stdlib.h>

#include "tap.h"

/* A message is told in one line: its form; amount (with its way), balance,
 * charge and debt, each with its decimals; receipts; time; party, its number,
 * and the account. */
typedef struct Case
{
	const char *sender; /* NULL: a lender */
	const char *text;
	const char *told;
} Case;

static const Case cases[] =
	{
		{"MPESA",
		 "UKM1AB2CD3 Confirmed.You have received Ksh1,250.00 from ZUHURA  MFANO 0700***001 on 22/11/26 at 9:05 AM  New M-PESA balance is Ksh1,310.50.",
		 "received.person +1250.00/2 =1310.50/2 #UKM1AB2CD3 2026-11-22 09:05:00 [ZUHURA MFANO] of 0700***001"},
		{"MPESA",
		 "UKM2AB2CD3 Confirmed.You have received Ksh4,000.00 from MFANO Bulk Account 300000 on 22/11/26 at 9:06 AM New M-PESA balance is Ksh5,310.50.",
		 "received.business +4000.00/2 =5310.50/2 #UKM2AB2CD3 2026-11-22 09:06:00 [MFANO Bulk Account 300000]"},
		{"MPESA",
		 "UKM3AB2CD3 Confirmed. Ksh300.00 sent to JUMA  MFANO 0700000002 on 22/11/26 at 10:12 AM. New M-PESA balance is Ksh5,003.50. Transaction cost, Ksh7.00.",
		 "sent.person -300.00/2 =5003.50/2 fee 7.00/2 #UKM3AB2CD3 2026-11-22 10:12:00 [JUMA MFANO] of 0700000002"},
		{"MPESA",
		 "UKM4AB2CD3 Confirmed. Ksh500.00 sent to MFANO POWER for account 000111 on 22/11/26 at 10:30 AM New M-PESA balance is Ksh4,503.50. Transaction cost, Ksh0.00.",
		 "sent.paybill -500.00/2 =4503.50/2 fee 0.00/2 #UKM4AB2CD3 2026-11-22 10:30:00 [MFANO POWER]"},
		{"MPESA",
		 "UKM5AB2CD3 Confirmed. Ksh80.00 paid to MFANO SHOP 12. on 22/11/26 at 11:00 AM.New M-PESA balance is Ksh4,423.50.",
		 "paid.till -80.00/2 =4423.50/2 #UKM5AB2CD3 2026-11-22 11:00:00 [MFANO SHOP 12]"},
		{"MPESA",
		 "UKM6AB2CD3 Confirmed.Ksh30.00 sent to NEEMA  MFANO on 22/11/26 at 11:20 AM. New M-PESA balance is Ksh4,393.50.",
		 "sent.pochi -30.00/2 =4393.50/2 #UKM6AB2CD3 2026-11-22 11:20:00 [NEEMA MFANO]"},
		{"MPESA",
		 "UKM7AB2CD3 Confirmed.You have received Ksh10.00 from ALI MFANO on 22/11/26 at 12:03 PM  New business balance is Ksh10.00.",
		 "received.pochi 10.00/2 #UKM7AB2CD3 2026-11-22 12:03:00 [ALI MFANO]"},
		{"MPESA",
		 "UKM8AB2CD3 Confirmed, Ksh10.00 has been moved from your business account to your M-PESA account on 22/11/26 at 12:10 PM.. New business balance is Ksh0.00. New M-PESA balance is Ksh4,403.50.",
		 "moved.pochi +10.00/2 =4403.50/2 #UKM8AB2CD3 2026-11-22 12:10:00"},
		{"MPESA",
		 "UKM9AB2CD3 Confirmed.on 22/11/26 at 1:01 PMWithdraw Ksh2,000.00 from 000123 - Mfano Agency Mahali New M-PESA balance is Ksh2,374.50. Transaction cost, Ksh29.00. Amount you can transact within the day is 497,200.00.",
		 "withdrawn.agent -2000.00/2 =2374.50/2 fee 29.00/2 #UKM9AB2CD3 2026-11-22 13:01:00 [000123 - Mfano Agency Mahali]"},
		{"MPESA",
		 "UKMAAB2CD3 Confirmed. On 22/11/26 at 1:30 PM Give Ksh1,000.00 cash to Mfano Agency Mahali New M-PESA balance is Ksh3,374.50.",
		 "deposited +1000.00/2 =3374.50/2 #UKMAAB2CD3 2026-11-22 13:30:00 [Mfano Agency Mahali]"},
		{"MPESA",
		 "UKMBAB2CD3 confirmed.You bought Ksh20.00 of airtime on 22/11/26 at 2:00 PM.New M-PESA balance is Ksh3,354.50.",
		 "airtime.self -20.00/2 =3354.50/2 #UKMBAB2CD3 2026-11-22 14:00:00"},
		{"MPESA",
		 "UKMCAB2CD3 confirmed.You bought Ksh10.00 of airtime for 0700000003 on 22/11/26 at 2:05 PM.New  balance is Ksh3,344.50.",
		 "airtime.other -10.00/2 =3344.50/2 #UKMCAB2CD3 2026-11-22 14:05:00 [0700000003]"},
		{"MPESA",
		 "UKMDAB2CD3 confirmed. Reversal of transaction UKM3AB2CD3 has been successfully reversed  on 22/11/26  at 2:30 PM and Ksh300.00 is credited to your M-PESA account. New M-PESA account balance is Ksh3,644.50.",
		 "reversed.in +300.00/2 =3644.50/2 #UKMDAB2CD3 back #UKM3AB2CD3 2026-11-22 14:30:00"},
		{"MPESA",
		 "UKMEAB2CD3 Confirmed. Your account balance was: M-PESA Account : Ksh3,644.50 Business Account : Ksh0.00 on 22/11/26 at 2:40 PM.",
		 "balance =3644.50/2 #UKMEAB2CD3 2026-11-22 14:40:00"},
		{"MPESA",
		 "UKMFAB2CD3 Confirmed.Ksh100.00 transferred to M-Shwari account on 22/11/26 at 3:00 PM. M-PESA balance is Ksh3,544.50 .New M-Shwari saving account balance is Ksh600.00. Transaction cost Ksh.0.00",
		 "mshwari.in -100.00/2 =3544.50/2 fee 0.00/2 #UKMFAB2CD3 2026-11-22 15:00:00"},
		{"MPESA",
		 "UKMGAB2CD3 Confirmed.Ksh50.00 transferred from M-Shwari account on 22/11/26 at 3:10 PM. M-Shwari balance is Ksh550.00 .M-PESA balance is Ksh3,594.50 .Transaction cost Ksh.0.00",
		 "mshwari.out +50.00/2 =3594.50/2 fee 0.00/2 #UKMGAB2CD3 2026-11-22 15:10:00"},
		{"MPESA",
		 "UKMHAB2CD3 Confirmed. Your M-Shwari loan has been approved on 22/11/26 3:20 PM and Ksh2,000.00 less excise duty has been deposited to your M-PESA account. New M-PESA balance is Ksh5,594.50.",
		 "mshwari.loan +2000.00/2 =5594.50/2 #UKMHAB2CD3 2026-11-22 15:20:00"},
		{"MPESA",
		 "UKMIAB2CD3 Confirmed. Loan of Ksh500.00 repaid from M-PESA on 22/11/26 at 3:40 PM. Loan balance is Ksh1,680.00. Transaction cost Kshs 0.00",
		 "mshwari.repaid -500.00/2 fee 0.00/2 owes 1680.00/2 #UKMIAB2CD3 2026-11-22 15:40:00"},
		{"MPESA",
		 "UKMJAB2CD3 Confirmed. You have transfered Ksh200.00 from your KCB M-PESA account on 22/11/26 at 4:00 PM. KCB M-PESA Account balance is Ksh700.00. New M-PESA balance is Ksh5,294.50.",
		 "kcb.out +200.00/2 =5294.50/2 #UKMJAB2CD3 2026-11-22 16:00:00"},
		{"MPESA",
		 "UKMKAB2CD3 Confirmed. Your loan repayment of Ksh300.00 from your M-PESA account to KCB M-PESA on 22/11/26 at 4:10 PM is successful. Your M-PESA balance is Ksh4,994.50.", "kcb.repaid -300.00/2 =4994.50/2 #UKMKAB2CD3 2026-11-22 16:10:00"},
		{"MPESA",
		 "UKMLAB2CD3 Confirmed. You have sent Ksh100.50 to Hustler Fund on 22/11/2026  at 04:23 PM. New MPESA balance is Ksh4,894.00.",
		 "sent.fund -100.50/2 =4894.00/2 #UKMLAB2CD3 2026-11-22 16:23:00 [Hustler Fund]"},
		{"MPESA",
		 "UKM4AB2CD3 Confirmed. Fuliza M-PESA amount is Ksh 100.00. Access Fee charged Ksh 1.00. Total Fuliza M-PESA outstanding amount is Ksh101.00 due on 22/12/26.",
		 "fuliza.draw +100.00/2 owes 101.00/2 #UKM4AB2CD3"},
		{"MPESA",
		 "UKMNAB2CD3  Confirmed. Ksh 101.00 from your M-PESA has been used to fully pay your outstanding Fuliza M-PESA. Available Fuliza M-PESA limit is Ksh 900.00. Your M-PESA balance is 4793.00.",
		 "fuliza.repaid -101.00/2 =4793.00/2 #UKMNAB2CD3"},
		{"MPESA",
		 "Failed. You do not have enough money in your M-PESA account to pay Ksh50.00 to MFANO SHOP. Your M-PESA balance is Ksh20.50.  Dial *334# to register for the M-PESA overdraw Services Fuliza.",
		 "short.party =20.50/2 [MFANO SHOP]"},
		{"MPESA",
		 "Congratulations! UKN1AB2CD3 confirmed.You have received Ksh Ksh50.00 from  MFANO FUND on 23/11/26 7:05 AM New M-PESA balance is Ksh51.00.",
		 "received.business +50.00/2 =51.00/2 #UKN1AB2CD3 2026-11-23 07:05:00 [MFANO FUND]"},
		{"MPESA",
		 "UKN2AB2CD3 Confirmed.\nYou have received Ksh3500 from\n300001 - MFANO Money Services \non 31/7/13 at 6:43 PM\nNew M-PESA balance is Ksh11,312.Save & get a loan",
		 "received.business +3500.00/0 =11312.00/0 #UKN2AB2CD3 2013-07-31 18:43:00 [300001 - MFANO Money Services]"},
		{"MPESA",
		 "UKN3AB2CD3 Confirmed. Ksh10.00 sent to MFANO DATA for account on 22/11/26 at 1:00 PM New M-PESA balance is Ksh1.00. Transaction cost, Ksh0.00.",
		 "sent.paybill -10.00/2 =1.00/2 fee 0.00/2 #UKN3AB2CD3 2026-11-22 13:00:00 [MFANO DATA]"},
		{"MPESA",
		 "UKN4AB2CD3 Confirmed. Ksh10.00 sent to M-PESA  GLOBAL for account 0700000001 on 22/11/26 at 1:00 PM New M-PESA balance is Ksh1.00. Transaction cost, Ksh0.00.",
		 "sent.paybill -10.00/2 =1.00/2 fee 0.00/2 #UKN4AB2CD3 2026-11-22 13:00:00 [M-PESA GLOBAL]"},
		{"MPESA",
		 "UKN5AB2CD3 Confirmed. Ksh10.00 paid to A.B. MFANO & SONS Via Kopo Kopo. on 22/11/26 at 1:00 PM.New M-PESA balance is Ksh1.00. Transaction cost, Ksh0.00. Amount you can transact within the day is 499,990.00. Get a loan, airtime or Fuliza.",
		 "paid.till -10.00/2 =1.00/2 fee 0.00/2 #UKN5AB2CD3 2026-11-22 13:00:00 [A.B. MFANO & SONS Via Kopo Kopo]"},
		{"MPESA",
		 "UKN6AB2CD3 Confirmed on 22/11/11 at 8:15 AM. Ksh500.00 withdrawn from 000124 - AGENT ATM. New M-PESA balance is Ksh20.00",
		 "withdrawn.atm -500.00/2 =20.00/2 #UKN6AB2CD3 2011-11-22 08:15:00 [000124 - AGENT ATM]"},
		{"MPESA",
		 "UKN7AB2CD3 confirmed. Reversal of transaction UKN5AB2CD3 has been completed successfully on 23/11/26 at 8:00 AM and Ksh10.00 has been credited to your M-Pesa Account.",
		 "reversed.in +10.00/2 #UKN7AB2CD3 back #UKN5AB2CD3 2026-11-23 08:00:00"},
		{"MPESA",
		 "UKN8AB2CD3 confirmed. Reversal of transaction UKN1AB2CD3 has been successfully reversed on 23/11/26 at 8:05 AM and Ksh50.00 is debited from your M-PESA account. New M-PESA account balance is Ksh1.00.",
		 "reversed.out -50.00/2 =1.00/2 #UKN8AB2CD3 back #UKN1AB2CD3 2026-11-23 08:05:00"},
		{"MPESA",
		 "UKN9AB2CD3 Confirmed. You have transferred Ksh70.00 from your M-Shwari account on 3/7/13 at 9:07 AM",
		 "mshwari.out.2013 +70.00/2 #UKN9AB2CD3 2013-07-03 09:07:00"},
		{"MPESA",
		 "UKNAAB2CD3 Confirmed. Ksh40.00 transfered to KCB M-PESA account on 23/11/26 at 9:07 AM. New M-PESA balance is Ksh5.00.",
		 "kcb.in -40.00/2 =5.00/2 #UKNAAB2CD3 2026-11-23 09:07:00"},
		{"MPESA",
		 "UKNAAB2CD4 Confirmed. Ksh40.00 transfered to KCB M-PESA account on 23/11/26 at 9:07 AM.",
		 "kcb.in -40.00/2 #UKNAAB2CD4 2026-11-23 09:07:00"},
		{"MPESA",
		 "UKM3AB2CD4 Confirmed. Ksh300.00 sent to JUMA MFANO 0700000002 on 22/11/26 at 10:12 AM. New M-PESA balance is Ksh-5.50. Transaction cost, Ksh-7.00.",
		 "sent.person -300.00/2 =-5.50/2 fee 7.00/2 #UKM3AB2CD4 2026-11-22 10:12:00 [JUMA MFANO] of 0700000002"},
		{"MPESA",
		 "UKNBAB2CD3 Confirmed. Ksh40.00 transferred to Lock Savings account on 23/11/26 at 9:08 AM.",
		 "lock.in -40.00/2 #UKNBAB2CD3 2026-11-23 09:08:00"},
		{"MPESA",
		 "UKNCAB2CD3 Confirmed. Fuliza M-PESA amount is Ksh 1100.00. Interest charged Ksh 11.00. Total Fuliza M-PESA outstanding amount is Ksh 1111.00 due on 23/12/24.",
		 "fuliza.draw +1100.00/2 owes 1111.00/2 #UKNCAB2CD3"},
		{"MPESA",
		 "UKNDAB2CD3  Confirmed. Ksh 50.00 from your M-PESA has been used to partially pay your outstanding Fuliza M-PESA. Your available Fuliza M-PESA limit is Ksh 450.00. M-PESA balance is Ksh0.00.", "fuliza.repaid.part -50.00/2 =0.00/2 #UKNDAB2CD3"},
		{"MPESA",
		 "UKNEAB2CD3  Confirmed. Ksh 50.00 from your M-PESA has been used to fully pay your outstanding Fuliza M-PESA.",
		 "fuliza.repaid -50.00/2 #UKNEAB2CD3"},
		{"MPESA",
		 "Dear JUMA, your Fuliza M-PESA limit is Ksh 500.00. You have an outstanding amount of Ksh 101.00 due on 22/12/26.",
		 "fuliza.limit owes 101.00/2"},
		{"MPESA",
		 "UKNFAB2CD3 Confirmed. Your M-PESA balance was Ksh90.00\non 3/7/12 at 9:07 PM",
		 "balance.2011 =90.00/2 #UKNFAB2CD3 2012-07-03 21:07:00"},
		{"MPESA",
		 "Failed. Insufficient funds in your M-PESA account as well as Fuliza M-PESA to send KSH100.00. Your M-PESA balance KSH12.00. Available Fuliza M-PESA limit KSH0.00.",
		 "short.fuliza =12.00/2"},
		{"MPESA",
		 "Dear customer, you do not have sufficient funds in your M-PESA account to pay Ksh300.00 to MFANO ONLINE. Your M-PESA balance is Ksh2.00.",
		 "short.card =2.00/2 [MFANO ONLINE]"},
		{"MPESA",
		 "Failed. You have insufficient funds in your M-Shwari account to withdraw.",
		 "short.mshwari"},
		{"MPESA",
		 "Insufficient funds in your M-PESA account for this transaction, to register for Fuliza dial *234#",
		 "short.funds"},
		{"MPESA",
		 "Failed. You do not have enough money in your M-PESA account.",
		 "short.money"},
		{"MPESA",
		 "Hakuna pesa za kutosha katika akaunti yako ya M-PESA kutuma Ksh100.00",
		 "short.swahili"},
		{"MPESA", "You have reached your Fuliza M-PESA limit", "short.limit"},
		{"MPESA", "Failed. The entered PIN is wrong.", "failed"},
		{"MPESA", "Transaction failed, M-PESA cannot complete it now.",
		 "failed"},
		{"MPESA", "You have cancelled the transaction of Ksh50.00.",
		 "cancelled"},
		{"MPESA",
		 "UKP1AB2CD3 Imethibitishwa. Ksh10.00 imetumwa kwa MFANO POWER kwa akaunti nambari 0700000001 tarehe 24/11/26 saa 1:00 PM. Baki yako ya M-PESA ni Ksh1.00.",
		 "swahili.paybill -10.00/2 =1.00/2 #UKP1AB2CD3 2026-11-24 13:00:00 [MFANO POWER]"},
		{"MPESA",
		 "UKP2AB2CD3 Imethibitishwa. Ksh10.00 imetumwa kwa JUMA MFANO 0700000001 tarehe 24/11/26 saa 1:00 PM. Baki yako ya M-PESA ni Ksh1.00. Gharama ya kutuma ni Ksh7.00.",
		 "swahili.sent -10.00/2 =1.00/2 fee 7.00/2 #UKP2AB2CD3 2026-11-24 13:00:00 [JUMA MFANO] of 0700000001"},
		{"MPESA",
		 "UKP3AB2CD3 Umenunua Ksh20.00 ya mjazo siku 24/11/26 saa 2:00 PM.Baki mpya ya M-PESA ni Ksh5.00.",
		 "swahili.airtime -20.00/2 =5.00/2 #UKP3AB2CD3 2026-11-24 14:00:00"},
		{"MPESA",
		 "UKP4AB2CD3 Imethibitishwa. Baki yako ni: Akaunti ya M-PESA : Ksh5.00",
		 "swahili.balance =5.00/2 #UKP4AB2CD3"},
		{"MPESA",
		 "UKP5AB2CD3 Imethibitishwa. Umepokea Ksh30.00 kutoka ALI MFANO 0700000002 tarehe 24/11/26 saa 3:00 PM. Baki yako ya M-PESA ni Ksh35.00.",
		 "swahili.received +30.00/2 =35.00/2 #UKP5AB2CD3 2026-11-24 15:00:00 [ALI MFANO] of 0700000002"},
		{"AirtelMoney",
		 "A3MFANO1XYZ. Ksh 15,000 sent to JUMA MFANO 700000000 on 05/08/26 at 10:45 PM. Fee: Ksh 100. Bal: Ksh 4071.5. MPESA ID: UHF5AB2CD3",
		 "airtel.sent -15000.00/0 =4071.50/1 fee 100.00/0 #A3MFANO1XYZ 2026-08-05 22:45:00 [JUMA MFANO] of 700000000"},
		{"AirtelMoney",
		 "TID:C3MFANO2XYZ. Received Ksh 200 from ALI MFANO 254700000000 on 05/08/26 10:43 PM. Bal:Ksh 19171.59 Sender TID:UHF5AB2CD4.",
		 "airtel.received +200.00/0 =19171.59/2 #C3MFANO2XYZ 2026-08-05 22:43:00 [ALI MFANO] of 254700000000"},
		{"AirtelMoney",
		 "D3MFANO3XYZ. Ksh 2,284 paid to MFANO SUPERMARKET          account 0000000 on 03/08/2026 19:35. Fee Ksh 0. Bal:Ksh 4221.5. MPESA ID:UHD5AB2CD3",
		 "airtel.paid -2284.00/0 =4221.50/1 fee 0.00/0 #D3MFANO3XYZ 2026-08-03 19:35:00 [MFANO SUPERMARKET]"},
		{"AirtelMoney",
		 "B3MFANO4XYZ Confirmed. Bundle purchase successful of Ksh 100 via Airtel Networks Kenya Ltd on 07/08/26 at 02:09 PM. Bal: Ksh 3971.5.",
		 "airtel.bundle -100.00/0 =3971.50/1 #B3MFANO4XYZ 2026-08-07 14:09:00 [Airtel Networks Kenya Ltd]"},
		{"AirtelMoney",
		 "B3MFANO5XYZ Confirmed. You have successfully purchased a bundle of Ksh 20 via Airtel Networks Kenya Ltd on 26/03/26 at 04:34 PM. Fee: Ksh 0. Bal: Ksh 181.59.",
		 "airtel.bundle -20.00/0 =181.59/2 fee 0.00/0 #B3MFANO5XYZ 2026-03-26 16:34:00 [Airtel Networks Kenya Ltd]"},
		{"AirtelMoney",
		 "20000000001 Successful. Airtime top up of Ksh 300 to 0700000000. Bal: Ksh 828.5.",
		 "airtel.airtime -300.00/0 =828.50/1 #20000000001 [0700000000]"},
		{"AirtelMoney",
		 "20000000002 Successful. Airtime top up for line 100000000 of Ksh 20 is successful. Bal: Ksh 520.5. To check your airtime balance, dial *131#",
		 "airtel.airtime.line -20.00/0 =520.50/1 #20000000002 [100000000]"},
		{"AirtelMoney",
		 "Your transaction has failed. Your Airtel Money balance is Ksh 1000. Please try again later. TID: J3MFANO6XYZ",
		 "airtel.failed =1000.00/0"},
		{"KCB",
		 "ALERT: Your account no. 1XXXXX0001 has been debited with KES 540.25for a POS PURCHASE at MFANO SHOP, INC. MAHALI on 25/07/2026.",
		 "kcb.debited -540.25/2 2026-07-25 [MFANO SHOP, INC. MAHALI] in 1XXXXX0001"},
		{"KCB",
		 "ALERT: Your account no. 1XXXXX0001 has been credited with KES 25,000.00 from MFANO LTD on 25/07/2026.",
		 "kcb.credited +25000.00/2 2026-07-25 [MFANO LTD] in 1XXXXX0001"},
		{"KCB",
		 "ALERT: A charge of KES 33.00 has been applied to your account no. 1XXXXX0001 for a MOBILE MONEY TRANSFER on 25/07/2026.",
		 "kcb.charged -33.00/2 2026-07-25 [a MOBILE MONEY TRANSFER] in 1XXXXX0001"},
		{"EQUITYBANK",
		 "Confirmed KES. 7,940.00 to MFANOSTORES A/C Ref.Number 11111 Via MPESA Ref UAGH0AB2CD3 by Juma Mfano Phone 25470000001 on 10-01-2026 at 10:39.Thank you.",
		 "equity.collected +7940.00/2 #UAGH0AB2CD3 2026-01-10 10:39:00 [Juma Mfano] of 25470000001"},
		{"DTB-KENYA",
		 "DTB 6000.00 KES has been successfully sent to Juma Mfano 1*****0001 MFANO BANK KENYA LTD. Ref. AD3EA0AB2CD3E on 25 Jul 2026 at 17:41 EAT.",
		 "dtb.sent -6000.00/2 #AD3EA0AB2CD3E 2026-07-25 17:41:00 [Juma Mfano 1*****0001 MFANO BANK KENYA LTD]"},
		{"DTB",
		 "DTB 2500.00 KES has been debited from your account 1*****0001 for a card purchase at MFANO SHOP. Ref. BB1CD0AB2CD3E on 25 Jul 2026 at 12:05 EAT.",
		 "dtb.debited -2500.00/2 #BB1CD0AB2CD3E 2026-07-25 12:05:00 [MFANO SHOP] in 1*****0001"},
		{"DTB",
		 "DTB 45000.00 KES has been credited to your account 1*****0001 from MFANO LIMITED. Ref. CC9DE0AB2CD3E on 25 Jul 2026 at 09:02 EAT.", "dtb.credited +45000.00/2 #CC9DE0AB2CD3E 2026-07-25 09:02:00 [MFANO LIMITED] in 1*****0001"},
		{"AccessBank",
		 "Debit\nAmt:NGN20,400.00\nAcc:100******001\nDesc:MFANO/TRF TO JUMA\nDate:09/06/2026\nAvail Bal:NGN224,408.56\nTotal:NGN2",
		 "access -20400.00/2 =224408.56/2 2026-06-09 [MFANO/TRF TO JUMA] in 100******001"},
		{"AccessBank",
		 "Credit\nAmt: NGN2,500.00\nAcct: 100****001\nDesc: Transfer from Ali\nTime: 03/01/2022 10:22\nAvail Bal: NGN32.92\nTotal Bal: NGN32.92",
		 "access +2500.00/2 =32.92/2 2022-01-03 10:22:00 [Transfer from Ali] in 100****001"},
		{"FCMB",
		 "Dr Amt:NGN100,000.00\nAC: **0001\nDESC: |MFANO0001|RPMT-FAST\nDT:11/09/26 18:22\nBAL:NGN37,675.21",
		 "fcmb -100000.00/2 =37675.21/2 2026-09-11 18:22:00 [|MFANO0001|RPMT-FAST] in **0001"},
		{"FidelityBnk",
		 "Acct:**0001\nDR:NGN1,000.00\nDesc:POS BUY MFANO\nDT:12/MAR/26 10:11AM\nBal:N5,000.00",
		 "fidelity -1000.00/2 =5000.00/2 2026-03-12 10:11:00 [POS BUY MFANO] in **0001"},
		{"FirstBank",
		 "Debit: 1000XXXX001 Amt: NGN6,000.00 Date: 19-MAR-2026 14:55:21 Desc: POS TRAN-MFANO /XX/NG/1. Bal: NGN5,967.81CR. Dial *894*11# to get loan",
		 "firstbank -6000.00/2 =5967.81/2 2026-03-19 14:55:21 [POS TRAN-MFANO /XX/NG/1.] in 1000XXXX001"},
		{"FirstBank",
		 "Your Acct 1000XXXX001 has been credited with NGN7,000.00 on 19-MAR-2026 by MFANO. Bal: NGN12,967.81CR",
		 "firstbank.credited +7000.00/2 =12967.81/2 [on 19-MAR-2026 by MFANO.] in 1000XXXX001"},
		{"GTBank",
		 "Acct: ****001\nAmt: NGN75,000.00 CR\nDesc: -TRANSFER FROM MFANO GLOBAL-OPAY-ALI\nAvail Bal: NGN104,657.26\nDate: 2026-03-18 6:26:55 PM",
		 "gtbank +75000.00/2 =104657.26/2 2026-03-18 18:26:55 [-TRANSFER FROM MFANO GLOBAL-OPAY-ALI] in ****001"},
		{"GTBank",
		 "Acct:******0001\nAmt:NGN50.00 DR\nDesc:STAMP DUTY CHARGE FOR TRXNS BTW 21-09-2026 TO 25-09-2026\nBal:NGN24,950.10\nDate:2026-09-27 7:10PM",
		 "gtbank.compact -50.00/2 =24950.10/2 2026-09-27 19:10:00 [STAMP DUTY CHARGE FOR TRXNS BTW 21-09-2026 TO 25-09-2026] in ******0001"},
		{"KEYSTONE",
		 "Debit!\nAcct:600****001\nAmt:NGN-57,000.00\nDesc:MFANO\nDate:26-05-2026 0:0\nBal:NGN1,929.24\nDownload it",
		 "keystone -57000.00/2 =1929.24/2 2026-05-26 00:00:00 [MFANO] in 600****001"},
		{"Opay",
		 "Dear OPay user, N2,300.00 has been debited for Card Payment via POS on 14-May-2026 19:28.",
		 "opay.debited -2300.00/2 2026-05-14 19:28:00 [Card Payment via POS]"},
		{"OPay",
		 "Dear OPay user, N150.00 has been credited for Transfer via App on 14-May-2026 19:29.",
		 "opay.credited +150.00/2 2026-05-14 19:29:00 [for Transfer via App]"},
		{"UBA",
		 "Txn:DR\nAc:2XX..01X\nAmt:NGN 10,200.00\nDes:POS Trf @ 10000HLY-OPay Mfano\nDate:17-09-2026 08:35\nBal:NGN 13,289.77",
		 "uba -10200.00/2 =13289.77/2 2026-09-17 08:35:00 [POS Trf @ 10000HLY-OPay Mfano] in 2XX..01X"},
		{"UBA",
		 "Txn: Credit\nAc:2XX..01X\nAmt:NGN 200.00\nDes:MFANO\nDate:17-Sep-2026 08:36\nBal:NGN 13,489.77",
		 "uba +200.00/2 =13489.77/2 2026-09-17 08:36:00 [MFANO] in 2XX..01X"},
		{"WemaBank",
		 "DR:NGN 2,500.00\nAcct No:0100000001\nDesc :POS Buy on 05-08-2026@Mfano\nBal :NGN 12,000.00\n05-08-2026 13:22:41",
		 "wema -2500.00/2 =12000.00/2 2026-08-05 13:22:41 [POS Buy on 05-08-2026@Mfano] in 0100000001"},
		{"ZENITHBANK",
		 "Acct:100****001\nDT:23/08/2026 09:06:35 PM\nNIP CR/MOB/DR JUMA MFANO/BANK\nCR Amt:15,000.00\nBal:15,142.92\nDial *966# for quick airtime/Data purchase",
		 "zenith +15000.00/2 =15142.92/2 2026-08-23 21:06:35 [NIP CR/MOB/DR JUMA MFANO/BANK] in 100****001"},
		{"ZENITHBANK",
		 "Acct:100****001\nDT:02/07/2025 09:51:07 AM\n***RSVL NIP CR//JUMA MFANO\nDR Amt:-300,000.00\nBal:300,443.86",
		 "zenith +300000.00/2 =300443.86/2 2025-07-02 09:51:07 [***RSVL NIP CR//JUMA MFANO] in 100****001"},
		{NULL,
		 "Dear JUMA, your loan application has been declined. Try again in 30 days.",
		 "lender.declined"},
		{NULL, "Dear JUMA, you do not qualify for a loan now.",
		 "lender.unqualified"},
		{NULL, "Dear JUMA, your loan of KES 500 is overdue by 3 days.",
		 "lender.overdue"},
		{NULL, "JUMA, your Mfano loan is 5 days past due.", "lender.past_due"},
		{NULL, "JUMA, your Mfano loan is in default.", "lender.defaulted"},
		{NULL, "JUMA, you have defaulted on your Mfano loan.",
		 "lender.has_defaulted"},
		{NULL, "Sorry! Your loan request of KES 5,000.00 was declined.",
		 "lender.declined.loan"},
		{NULL, "Hi. You did not qualify this time.",
		 "lender.unqualified.past"},
		{NULL, "You don't currently qualify", "lender.unqualified.short"},
		{NULL, "Your last payment of KES 1,617.61 is overdue! Pay if you can.",
		 "lender.overdue.payment"},
		{NULL,
		 "Dear Customer, you have an overdue Mfano Fund loan of KES 1617.61 that was due on 24/11/2025. Please dial *254#.",
		 "lender.overdue.have"},
		{NULL, "Your payment is now past due", "lender.past_due.payment"},
		{NULL, "Final notice: you are now in default.", "lender.in_default"},
		/* what is said before does not matter, nor what is asked */
		{NULL,
		 "Do not wait. Need a loan? We do not charge much. Your loan is overdue.",
		 "lender.overdue"},
};

/* Of these nothing is understood. */
static const Case unknown[] = {
	{"MPESA", "", NULL},
	{"MPESA", "Get a loan of Ksh500.00 today. Dial *334#", NULL},
	{"MPESA", "UKM1AB2CD3 Confirmed.", NULL},
	/* cut off before the balance */
	{"MPESA",
	 "UKM1AB2CD3 Confirmed.You have received Ksh1.00 from ALI MFANO 0700000002 "
	 "on 22/11/26 at 9:05 AM New M-PESA balance is",
	 NULL},
	{"MPESA",
	 "UKM1AB2CD3 Confirmed.You have received Ksh from ALI MFANO 0700000002 on "
	 "22/11/26 at 9:05 AM New M-PESA balance is Ksh1.00.",
	 NULL},
	/* no such day, no such hour, no receipt */
	{"MPESA",
	 "UKM1AB2CD3 Confirmed. Ksh1.00 paid to MFANO. on 30/2/26 at 9:05 AM.New "
	 "M-PESA balance is Ksh1.00.",
	 NULL},
	{"MPESA",
	 "UKM1AB2CD3 Confirmed. Ksh1.00 paid to MFANO. on 28/2/26 at 13:05 PM.New "
	 "M-PESA balance is Ksh1.00.",
	 NULL},
	{"MPESA",
	 "ABCDEFGHIJ Confirmed. Ksh1.00 paid to MFANO. on 28/2/26 at 1:05 PM.New "
	 "M-PESA balance is Ksh1.00.",
	 NULL},
	/* an amount of more than money has */
	{"MPESA",
	 "UKM1AB2CD3 Confirmed. Ksh1234567890123 paid to MFANO. on 28/2/26 at "
	 "1:05 PM.New M-PESA balance is Ksh1.00.",
	 NULL},
	{"MPESA",
	 "UKM1AB2CD3 Confirmed. Ksh1.005 paid to MFANO. on 28/2/26 at 1:05 PM.New "
	 "M-PESA balance is Ksh1.00.",
	 NULL},
	/* what a form says stands at the beginning */
	{"MPESA",
	 "FW: Failed. You do not have enough money in your M-PESA account", NULL},
	{"KCB", "Your OTP for KES 500.00 is 123456", NULL},
	{NULL, "Apply for a loan now, and pay later!", NULL},
	/* what denies, asks, sets conditions, or is about others */
	{NULL, "Great news! Your loan is not in default.", NULL},
	{NULL, "Your loan isn't overdue", NULL},
	{NULL, "Your loan is not past due.", NULL},
	{NULL, "You have no overdue loan.", NULL},
	{NULL, "Your loan will be overdue tomorrow.", NULL},
	{NULL, "Pay today, before your loan is overdue.", NULL},
	{NULL, "Your loan is due, pay before it is overdue.", NULL},
	{NULL, "If your loan is overdue we report to CRB.", NULL},
	{NULL, "Your loan is overdue if it is not paid by 5 PM.", NULL},
	{NULL, "Is your loan overdue?", NULL},
	{NULL, "Your loan is overdue!? Ask us.", NULL},
	{NULL, "Loans that are past due attract a fee.", NULL},
	{NULL, "Your friends have loans, and some are in default.", NULL},
	{NULL, "Many customers have defaulted. Borrow more!", NULL},
	{NULL, "Request has been declined? Try Mfano.", NULL},
	{NULL, "Your M-PESA payment has been declined by Safaricom.", NULL},
	{NULL, "Your loan repayment has been declined by your bank.", NULL},
	{NULL, "If you do not qualify, tell a friend.", NULL},
	{NULL, "You do qualify for a loan.", NULL},
	{NULL, "You qualify for a loan.", NULL},
	{NULL, "Never be overdue. Your loan. Overdue fees apply.", NULL},
};

static void
tell_amount(char *told, const char *name, const CsSmsAmount *amount)
{
	if (amount->there)
		sprintf(told + strlen(told), " %s%s%lld.%02d/%d", name,
				amount->hundredths < 0 ? "-" : "",
				llabs(amount->hundredths / 100),
				(int) llabs(amount->hundredths % 100), amount->decimals);
}

static void
tell_span(char *told, const char *format, const CsSmsSpan *span)
{
	if (span->text != NULL)
		sprintf(told + strlen(told), format, (int) span->len, span->text);
}

static void
tell(const CsSmsRead *read, char *told)
{
	bool still = read->form->way == CS_SMS_STILL;

	strcpy(told, read->form->name);
	tell_amount(told, still ? "" : read->is_debit ? "-" : "+", &read->amount);
	tell_amount(told, "=", &read->balance);
	tell_amount(told, "fee ", &read->fee);
	tell_amount(told, "owes ", &read->debt);
	tell_span(told, " #%.*s", &read->receipt);
	tell_span(told, " back #%.*s", &read->reverses);
	if (read->has_date)
		sprintf(told + strlen(told), " %04d-%02d-%02d", read->year,
				read->month, read->day);
	if (read->has_clock)
		sprintf(told + strlen(told), " %02d:%02d:%02d", read->hour,
				read->minute, read->second);
	tell_span(told, " [%.*s]", &read->party);
	tell_span(told, " of %.*s", &read->number);
	tell_span(told, " in %.*s", &read->account);
}

static CsSmsIssuerId
issuer_of(const char *sender)
{
	return sender == NULL ? CS_SMS_LENDER
						  : cs_sms_form_issuer(sender, strlen(sender));
}

/* Reads a text as it comes. */
static bool
read_text(const char *sender, const char *text, size_t len, CsSmsRead *read)
{
	static char collapsed[CS_SMS_TEXT_MAX];
	size_t		n = cs_sms_text_collapse(text, len, collapsed);

	return cs_sms_text_read(issuer_of(sender), collapsed, n, read);
}

static void
test_forms(void)
{
	static bool		 met[200];
	char			 told[CS_SMS_TEXT_MAX * 2];
	CsSmsRead		 read;
	const CsSmsForm *form;

	for (size_t i = 0; i < lengthof(cases); i++)
	{
		const Case *c = &cases[i];

		strcpy(told, "not understood");
		if (read_text(c->sender, c->text, strlen(c->text), &read))
			tell(&read, told);
		is_text(told, c->told, "%.40s", c->told);
		for (int f = 0; (form = cs_sms_form_at(f)) != NULL; f++)
			met[f] |= form == read.form;
	}
	for (int f = 0; (form = cs_sms_form_at(f)) != NULL; f++)
		ok(met[f], "there is a case of %s", form->name);
	for (size_t i = 0; i < lengthof(unknown); i++)
		ok(!read_text(unknown[i].sender, unknown[i].text,
					  strlen(unknown[i].text), &read) &&
			   read.form == NULL,
		   "not understood: %.40s", unknown[i].text);
}

/* The table is as sms_form.h says. */
static void
test_table(void)
{
	const CsSmsForm *form;
	int				 last = 0;

	for (int i = 0; (form = cs_sms_form_at(i)) != NULL; i++)
	{
		int	 depth = 0;
		bool sound = true;

		for (const char *c = form->pattern; *c != '\0'; c++)
		{
			depth += (*c == '[') - (*c == ']');
			sound &= depth >= 0 && depth <= 4;
			if (*c >= 'A' && *c <= 'Z')
				sound &= c > form->pattern && c[-1] == '{' && c[1] == '}' &&
						 strchr("ABCDEFKLNOPRSTX", *c) != NULL &&
						 (depth == 0 || strchr("KPSX", *c) == NULL);
		}
		ok(sound && depth == 0, "%s: its pattern is sound", form->name);
		ok((int) form->issuer >= last && form->source[0] != '\0',
		   "%s: it is in its place, with a source", form->name);
		last = form->issuer;
		for (int j = 0; j < i; j++)
			if (strcmp(cs_sms_form_at(j)->name, form->name) == 0)
				ok(false, "%s: is there once", form->name);
	}
}

static void
test_senders(void)
{
	static const struct
	{
		const char	 *sender;
		CsSmsIssuerId issuer;
	} senders[] = {
		{"MPESA", CS_SMS_MPESA},
		{"m-pesa", CS_SMS_MPESA},
		{"FULIZA", CS_SMS_MPESA},
		{"Airtel Money", CS_SMS_AIRTEL_MONEY},
		{"ZENITHBANK", CS_SMS_ZENITH},
		{"GT Bank", CS_SMS_GTBANK},
		{"", CS_SMS_ISSUERS},
		{",", CS_SMS_ISSUERS},
		{"MPES", CS_SMS_ISSUERS},
		{"PESA", CS_SMS_ISSUERS},
		{"MPESA1", CS_SMS_ISSUERS},
		{"mpesa,fuliza", CS_SMS_ISSUERS},
		{"+254700000001", CS_SMS_ISSUERS},
		{"Airtel_Money", CS_SMS_AIRTEL_MONEY},
		/* what looks like M-PESA, and is not: a picture, a Cyrillic letter, a
		 * sign, a line break */
		{"MPESA\xF0\x9F\x92\xB0", CS_SMS_ISSUERS},
		{"MPES\xD0\x90", CS_SMS_ISSUERS},
		{"MPESA\xE2\x84\xA2", CS_SMS_ISSUERS},
		{"MPESA!", CS_SMS_ISSUERS},
		{"MPESA\n", CS_SMS_ISSUERS},
	};
	char long_name[100];

	for (size_t i = 0; i < lengthof(senders); i++)
		is_int(
			cs_sms_form_issuer(senders[i].sender, strlen(senders[i].sender)),
			senders[i].issuer, "the sender \"%s\"", senders[i].sender);
	memset(long_name, 'm', sizeof(long_name));
	is_int(cs_sms_form_issuer(long_name, sizeof(long_name)), CS_SMS_ISSUERS,
		   "a long sender is nobody");
}

/* A text in the form of another sender is not understood. */
static void
test_spoofed(void)
{
	CsSmsRead read;

	ok(!read_text("KCB", cases[0].text, strlen(cases[0].text), &read),
	   "M-PESA's text from KCB");
	ok(!read_text(NULL, cases[0].text, strlen(cases[0].text), &read),
	   "M-PESA's text from a lender");
}

static void
test_lengths(void)
{
	static char long_text[4 * 1024 * 1024];
	char		collapsed[CS_SMS_TEXT_MAX];
	CsSmsRead	read;

	is_int(cs_sms_text_collapse(" a \t\n\xC2\xA0 b\xC2", 10, collapsed), 4,
		   "white space is one blank");
	ok(memcmp(collapsed, "a b\xC2", 4) == 0, "and other bytes stay");
	memset(long_text, ' ', sizeof(long_text));
	is_int(cs_sms_text_collapse(long_text, sizeof(long_text), collapsed), 0,
		   "millions of blanks are none");
	memset(long_text, 'o', sizeof(long_text));
	is_int(cs_sms_text_collapse(long_text, sizeof(long_text), collapsed),
		   CS_SMS_TEXT_MAX, "what is behind a kilobyte is not read");
	memcpy(long_text, cases[0].text, strlen(cases[0].text));
	ok(read_text(cases[0].sender, long_text, sizeof(long_text), &read),
	   "an advert of megabytes does not matter");
}

static void
test_days(void)
{
	CsSmsRead read = {.year = 2000, .month = 1, .day = 1};

	is_int(cs_sms_field_day(&read), 0, "the first day");
	read.year = 2024;
	read.month = 2;
	read.day = 29;
	is_int(cs_sms_field_day(&read), 8825, "a leap day");
	read.year = 2099;
	read.month = 12;
	read.day = 31;
	is_int(cs_sms_field_day(&read), 36524, "the last day");
}

int
main(void)
{
	test_forms();
	test_table();
	test_senders();
	test_spoofed();
	test_lengths();
	test_days();
	return done_testing();
}
